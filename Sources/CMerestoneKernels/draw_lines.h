#ifndef CMERESTONE_DRAW_LINES_H
#define CMERESTONE_DRAW_LINES_H

// Draws from lists of some length, sixteen at once, by the lines of their cells. The words are put in
// order before they are looked up, so that what they hit is in order, too.

#include "include/prefetch.h"
#include "running_sums.h"

enum {
    /// Groups of lists under way at once, each one step behind the group after it: entered and drawn,
    /// found, finished.
    LINED_STEPS = 3,
    /// Draws that are made at once where lists have hit an edge twice, those before them counted.
    LINED_DRAWS = 2 * MRS_WEIGHTED_FANOUT,
};

typedef uint16_t u16v __attribute__((vector_size(32)));
typedef _Bool b16v __attribute__((ext_vector_type(16)));

/// Lists that are drawn from together, and their draws by number and lane.
struct lined_group {
    size_t used;
    /// When their lines have been read, as bits: the lanes that are not finished, and those of them with a
    /// line that does not tell what is hit.
    uint32_t open, untold;
    /// How many draws are made of each lane, and how many of them have a line.
    uint32_t drawn, placed;
    uint32_t nodes[MRS_PICK_LANES], starts[MRS_PICK_LANES], counts[MRS_PICK_LANES];
    /// Which destinations they are, and where their picks begin.
    size_t rows[MRS_PICK_LANES], places[MRS_PICK_LANES];
    uint32_t words[LINED_DRAWS][MRS_PICK_LANES];
    uint32_t lines[LINED_DRAWS][MRS_PICK_LANES];
    uint32_t parts[LINED_DRAWS][MRS_PICK_LANES];
};

struct lined_groups {
    struct lined_group groups[LINED_STEPS];
    /// The group that lists enter.
    size_t turn;
};

/// Where picks go: how many, by destination, and what.
struct picks {
    int64_t *kept;
    uint64_t *edges;
    uint32_t *sources;
};

INLINE void clear_lined(struct lined_groups *all) {
    all->turn = 0;
    for (int i = 0; i < LINED_STEPS; i++) {
        struct lined_group *group = &all->groups[i];
        group->used = group->open = 0;
        // Lanes that are not used are drawn for, too.
        memset(group->nodes, 0, sizeof group->nodes);
        memset(group->starts, 0, sizeof group->starts);
        memset(group->counts, 0, sizeof group->counts);
    }
}

/// Returns whether the group is full.
INLINE int enter_lined(
    struct lined_groups *all, const struct mrs_edge_list *from, uint32_t node, size_t row,
    size_t place) {
    struct lined_group *group = &all->groups[all->turn % LINED_STEPS];
    size_t lane = group->used++;
    group->nodes[lane] = node;
    group->starts[lane] = (uint32_t)from->start;
    group->counts[lane] = (uint32_t)from->count;
    group->rows[lane] = row;
    group->places[lane] = place;
    return group->used == MRS_PICK_LANES;
}

/// Makes draws up to `end` or more.
INLINE void make_words(
    struct lined_group *group, uint32_t end, uint32_t key0, uint32_t key1) {
    u32v nodes, words[4];
    memcpy(&nodes, group->nodes, sizeof nodes);
    for (; group->drawn < end; group->drawn += 4) {
        philox(nodes, group->drawn / 4, key0, key1, words);
        memcpy(group->words[group->drawn], words, sizeof words);
    }
}

/// Finds the lines of draws up to `end`.
INLINE void place_draws(struct lined_group *group, uint32_t end) {
    u32v starts, counts, word;
    memcpy(&starts, group->starts, sizeof starts);
    memcpy(&counts, group->counts, sizeof counts);
    u32v lines = starts / MRS_LINE_SHARE;
    u32v parts = ((starts + counts) / MRS_LINE_SHARE - lines) << 16;
    for (uint32_t i = group->placed; i < end; i++) {
        memcpy(&word, group->words[i], sizeof word);
        u32v place = multiply(word, parts).high;
        u32v line = lines + (place >> 16), part = place & 0xFFFF;
        memcpy(group->lines[i], &line, sizeof line);
        memcpy(group->parts[i], &part, sizeof part);
    }
    group->placed = end;
}

/// Makes the first draws, and fetches their lines.
INLINE void draw_lined(
    const struct mrs_weights *w, struct lined_group *group, uint32_t fanout, uint32_t key0,
    uint32_t key1) {
    if (group->used == 0) return;
    group->drawn = group->placed = 0;
    make_words(group, fanout, key0, key1);
    u32v words[MRS_WEIGHTED_FANOUT];
    for (uint32_t i = 0; i < fanout; i++) {
        u32v word;
        memcpy(&word, group->words[i], sizeof word);
        insert_ascending(words, i, word);
    }
    memcpy(group->words, words, fanout * sizeof *words);
    place_draws(group, fanout);
    for (uint32_t i = 0; i < fanout; i++) {
        for (size_t lane = 0; lane < group->used; lane++) {
            mrs_prefetch(w->lines + group->lines[i][lane]);
        }
    }
}

/// Which of ten ascending numbers meet a comparison, as bits.
INLINE uint32_t bits_of(u16v mask) {
    b16v lanes = __builtin_convertvector(mask, b16v);
    uint16_t bits;
    memcpy(&bits, &lanes, sizeof bits);
    return bits & ((1u << MRS_LINE_EDGES) - 1);
}

/// Which edge of its line a draw has hit, or `UNTOLD` where the line does not tell.
enum { UNTOLD = MRS_LINE_EDGES };
INLINE uint32_t place_in(const struct mrs_draw_line *line, uint32_t place) {
    u16v ends, part = (u16v){} + (uint16_t)place;
    // Reads some sources, too, which are left out.
    memcpy(&ends, line->ends, sizeof ends);
    uint32_t before = bits_of((u16v)(ends < part)), same = bits_of((u16v)(ends == part));
    return same ? UNTOLD : (uint32_t)__builtin_popcount(before);
}

/// Where the draws end that are made at once: most often all that are made from whole lists.
INLINE uint32_t spare_end(uint32_t fanout) { return 2 * fanout; }

/// Reads the lines and writes out what they tell, without repetitions unless edges are replaced; fetches
/// the sums where they do not tell, and the lines of more draws where there are too few hits.
INLINE void find_lined(
    const struct mrs_weights *w, struct lined_group *group, uint32_t fanout, int replaces,
    uint32_t key0, uint32_t key1, const struct picks *picks) {
    uint32_t missing = 0;
    group->untold = 0;
    for (size_t lane = 0; lane < group->used; lane++) {
        uint64_t start = group->starts[lane], *edges = picks->edges + group->places[lane];
        uint32_t *sources = picks->sources + group->places[lane];
        uint32_t count = 0, last = UINT32_MAX;
        for (uint32_t i = 0; i < fanout; i++) {
            const struct mrs_draw_line *line = w->lines + group->lines[i][lane];
            uint32_t place = place_in(line, group->parts[i][lane]), position = line->position;
            if (__builtin_expect(place == UNTOLD, 0)) {
                const struct mrs_guided_edge *from = w->guided + start + position;
                prefetch_range(from, from + MRS_LINE_EDGES);
                mrs_prefetch(w->guided + start + group->counts[lane] - 1);
                group->untold |= (uint32_t)1 << lane;
                continue;
            }
            position += place;
            count += !replaces && position == last ? 0 : 1;
            last = position;
            edges[count - 1] = start + position;
            sources[count - 1] = line->sources[place];
        }
        picks->kept[group->rows[lane]] = count;
        missing |= (uint32_t)(count < fanout) << lane;
    }
    group->open = missing | group->untold;
    if (!missing) return;
    uint32_t end = spare_end(fanout);
    make_words(group, end, key0, key1);
    place_draws(group, end);
    for (; missing != 0; missing &= missing - 1) {
        int lane = __builtin_ctz(missing);
        for (uint32_t i = fanout; i < end; i++) mrs_prefetch(w->lines + group->lines[i][lane]);
    }
}

/// Ascending hits, eight a vector; behind them `UINT64_MAX`.
enum { HITS = 8, HIT_VECTORS = MRS_WEIGHTED_FANOUT / HITS };

/// Puts a hit in its place unless it is there. Returns how many hits are more.
INLINE uint32_t insert_into(u64v *hits, uint32_t vectors, uint64_t hit) {
    u64v same = {}, before = {};
    for (uint32_t j = 0; j < vectors; j++) same |= (u64v)(hits[j] == (u64v){} + hit);
    int is_there = __builtin_reduce_or(same) != 0;
    // One behind all the others changes nothing.
    u64v moved = (u64v){} + (is_there ? UINT64_MAX : hit);
    for (uint32_t j = 0; j < vectors; j++) {
        u64v one_on = __builtin_shufflevector(before, hits[j], 7, 8, 9, 10, 11, 12, 13, 14);
        before = hits[j];
        hits[j] = __builtin_elementwise_min(
            hits[j], __builtin_elementwise_max(one_on, moved));
    }
    return !is_there;
}

/// Reads the total, once.
INLINE void read_total(struct list *list) {
    if (list->total == 0) set_total(list, list->guided[list->count - 1].sum, list->count);
}

/// What a draw has hit, by its line or by the sums.
INLINE uint64_t hit_of(
    const struct mrs_weights *w, const struct lined_group *group, size_t lane, uint32_t number,
    struct list *list) {
    const struct mrs_draw_line *line = w->lines + group->lines[number][lane];
    uint32_t place = place_in(line, group->parts[number][lane]), position = line->position;
    if (__builtin_expect(place < UNTOLD, 1)) {
        return make_hit(position + place, line->sources[place]);
    }
    read_total(list);
    position =
        position_guided(list, position, mrs_word_number(group->words[number][lane], list->total));
    return make_hit(position, list->guided[position].source);
}

/// Makes up for repeated draws of a list that has `count` picks. Returns how many there are then.
INLINE uint32_t refill(
    const struct mrs_weights *w, const struct lined_group *group, size_t lane, struct list *list,
    uint32_t fanout, uint32_t vectors, uint32_t key0, uint32_t key1, uint32_t count,
    uint64_t *edges, uint32_t *sources) {
    u64v hits[HIT_VECTORS];
    for (uint32_t j = 0; j < vectors; j++) hits[j] = (u64v){} + UINT64_MAX;
    for (uint32_t i = 0; i < count; i++) {
        ((uint64_t *)hits)[i] = make_hit((uint32_t)(edges[i] - list->start), sources[i]);
    }
    uint32_t number = fanout;
    for (; count < fanout && number < group->placed; number++) {
        count += insert_into(hits, vectors, hit_of(w, group, lane, number, list));
    }
    uint64_t filled[MRS_WEIGHTED_FANOUT + 1];
    memcpy(filled, hits, vectors * sizeof *hits);
    if (count < fanout) {
        read_total(list);
        count = fill_up(w, list, fanout, key0, key1, filled, count, number, MRS_GUIDED_SUMS);
    }
    for (uint32_t i = 0; i < count; i++) {
        edges[i] = list->start + position_in(filled[i]);
        sources[i] = (uint32_t)filled[i];
    }
    return count;
}

/// Asks the sums where lines did not tell, and makes up for repeated draws.
INLINE void finish_lane(
    const struct mrs_weights *w, const struct lined_group *group, size_t lane, uint32_t fanout,
    int replaces, uint32_t key0, uint32_t key1, const struct picks *picks) {
    struct list list = {
        .start = group->starts[lane], .count = group->counts[lane], .node = group->nodes[lane],
        .guided = w->guided + group->starts[lane]};
    uint64_t *edges = picks->edges + group->places[lane];
    uint32_t *sources = picks->sources + group->places[lane];
    uint32_t count = (uint32_t)picks->kept[group->rows[lane]];
    if (group->untold >> lane & 1) {
        count = 0;
        read_total(&list);
        uint64_t last = UINT64_MAX;
        for (uint32_t i = 0; i < fanout && list.total > 0; i++) {
            uint64_t hit = hit_of(w, group, lane, i, &list);
            count += !replaces && hit == last ? 0 : 1;
            last = hit;
            edges[count - 1] = list.start + position_in(hit);
            sources[count - 1] = (uint32_t)hit;
        }
    }
    if (count > 0 && count < fanout) {
        count = fanout <= HITS
            ? refill(w, group, lane, &list, fanout, 1, key0, key1, count, edges, sources)
            : refill(
                  w, group, lane, &list, fanout, HIT_VECTORS, key0, key1, count, edges, sources);
    }
    picks->kept[group->rows[lane]] = count;
}

/// Takes every group a step further; the oldest one becomes the one that lists enter.
INLINE void push_lined(
    const struct mrs_weights *w, struct lined_groups *all, uint32_t fanout, int replaces,
    uint32_t key0, uint32_t key1, const struct picks *picks) {
    find_lined(
        w, &all->groups[(all->turn + LINED_STEPS - 1) % LINED_STEPS], fanout, replaces, key0, key1,
        picks);
    draw_lined(w, &all->groups[all->turn % LINED_STEPS], fanout, key0, key1);
    all->turn++;
    struct lined_group *oldest = &all->groups[all->turn % LINED_STEPS];
    for (; oldest->open != 0; oldest->open &= oldest->open - 1) {
        size_t lane = (size_t)__builtin_ctz(oldest->open);
        finish_lane(w, oldest, lane, fanout, replaces, key0, key1, picks);
    }
    oldest->used = 0;
}

#endif
