#ifndef CMERESTONE_DRAW_LINES_H
#define CMERESTONE_DRAW_LINES_H

// Draws from long lists, sixteen lists at once, by the lines of their cells.

#include "include/prefetch.h"
#include "running_sums.h"

enum {
    /// Groups of lists under way at once, each one step behind the group after it: entered, drawn,
    /// found, sorted, finished.
    LINED_STEPS = 5,
    /// Draws that are made at once beyond the first ones, where a list has hit an edge twice.
    LINED_SPARE = MRS_WEIGHTED_FANOUT / 2,
    LINED_DRAWS = MRS_WEIGHTED_FANOUT + LINED_SPARE,
};

typedef double f64w __attribute__((vector_size(8 * MRS_PICK_LANES)));
typedef int64_t i64w __attribute__((vector_size(8 * MRS_PICK_LANES)));
typedef uint16_t u16v __attribute__((vector_size(32)));
typedef _Bool b16v __attribute__((ext_vector_type(16)));

/// Lists that are drawn from together, and their draws by number and lane.
struct lined_group {
    size_t used;
    /// The draws of each lane that need all sums, as bits; their hits hold where the search begins.
    uint32_t left[MRS_PICK_LANES];
    struct list lists[MRS_PICK_LANES];
    const struct mrs_draw_line *lines[MRS_PICK_LANES];
    uint32_t nodes[MRS_PICK_LANES];
    double totals[MRS_PICK_LANES], limits[MRS_PICK_LANES], scales[MRS_PICK_LANES];
    int64_t lasts[MRS_PICK_LANES];
    double numbers[LINED_DRAWS][MRS_PICK_LANES];
    uint32_t cells[LINED_DRAWS][MRS_PICK_LANES];
    uint32_t parts[LINED_DRAWS][MRS_PICK_LANES];
    uint64_t hits[MRS_WEIGHTED_FANOUT][MRS_PICK_LANES];
    /// Not 0 where an edge was hit twice.
    uint64_t repeats[MRS_PICK_LANES];
};

struct lined_groups {
    struct lined_group groups[LINED_STEPS];
    /// The group that lists enter.
    size_t turn;
};

INLINE void clear_lined(struct lined_groups *all) {
    all->turn = 0;
    for (int i = 0; i < LINED_STEPS; i++) {
        all->groups[i].used = 0;
        // Lanes that are not used are drawn for and sorted, too.
        memset(all->groups[i].nodes, 0, sizeof all->groups[i].nodes);
        memset(all->groups[i].hits, 0, sizeof all->groups[i].hits);
        memset(all->groups[i].totals, 0, sizeof all->groups[i].totals);
        memset(all->groups[i].limits, 0, sizeof all->groups[i].limits);
        memset(all->groups[i].scales, 0, sizeof all->groups[i].scales);
        memset(all->groups[i].lasts, 0, sizeof all->groups[i].lasts);
    }
}

/// Fetches the total.
INLINE void enter_lined(
    const struct mrs_weights *w, struct lined_group *group, const struct mrs_edge_list *from,
    uint32_t node, uint64_t *out, uint32_t *sources, int64_t *kept) {
    size_t lane = group->used++;
    group->nodes[lane] = node;
    group->lists[lane] = (struct list){
        .start = from->start, .count = (uint32_t)from->count, .node = node,
        .guided = w->guided + from->start, .out = out, .sources = sources, .kept = kept};
    mrs_prefetch(w->lined + node);
}

/// Makes draws `first ..< end`, `first` being even, and finds their cells.
INLINE void place_draws(
    struct lined_group *group, uint32_t first, uint32_t end, uint32_t key0, uint32_t key1) {
    u32v nodes;
    f64w scale, x;
    i64w last;
    memcpy(&nodes, group->nodes, sizeof nodes);
    memcpy(&scale, group->scales, sizeof scale);
    memcpy(&last, group->lasts, sizeof last);
    draw_numbers(nodes, first, end, key0, key1, group->totals, group->limits, group->numbers);
    for (uint32_t i = first; i < end; i++) {
        memcpy(&x, group->numbers[i], sizeof x);
        i64w place = __builtin_elementwise_min(__builtin_convertvector(x * scale, i64w), last);
        u32v cell = __builtin_convertvector(place >> 16, u32v);
        u32v part = __builtin_convertvector(place & 0xFFFF, u32v);
        memcpy(group->cells[i], &cell, sizeof cell);
        memcpy(group->parts[i], &part, sizeof part);
    }
}

/// Makes the first draws, and fetches their lines.
INLINE void draw_lined(
    const struct mrs_weights *w, struct lined_group *group, uint32_t fanout, uint32_t key0,
    uint32_t key1) {
    if (group->used == 0) return;
    for (size_t lane = 0; lane < group->used; lane++) {
        struct list *list = &group->lists[lane];
        const struct mrs_lined_list *lined = &w->lined[list->node];
        uint64_t cells = mrs_line_cells(list->count);
        group->lines[lane] = w->lines + lined->first;
        set_total(list, lined->total, list->count);
        group->totals[lane] = list->total;
        group->limits[lane] = list->total > 0 ? below_total(list->total) : 0;
        group->scales[lane] = list->total > 0 ? mrs_line_scale(cells, list->total) : 0;
        group->lasts[lane] = (int64_t)(cells << 16) - 1;
    }
    place_draws(group, 0, fanout, key0, key1);
    for (uint32_t i = 0; i < fanout; i++) {
        for (size_t lane = 0; lane < group->used; lane++) {
            mrs_prefetch(group->lines[lane] + group->cells[i][lane]);
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

/// What a draw has hit, or `UNTOLD` where its line does not tell.
#define UNTOLD UINT64_MAX
INLINE uint64_t hit_in(const struct mrs_draw_line *line, uint32_t place) {
    u16v ends, part = (u16v){} + (uint16_t)place;
    // Reads some sources, too, which are left out.
    memcpy(&ends, line->ends, sizeof ends);
    uint32_t before = bits_of((u16v)(ends < part)), same = bits_of((u16v)(ends == part));
    if (__builtin_expect(same || before == (1u << MRS_LINE_EDGES) - 1, 0)) return UNTOLD;
    uint32_t found = (uint32_t)__builtin_popcount(before);
    return make_hit(line->position + found, line->sources[found]);
}

/// What a draw has hit by the sums, where the search begins at `position`.
INLINE uint64_t hit_by_sums(const struct list *list, uint32_t position, double x) {
    position = position_guided(list, position, x);
    return make_hit(position, list->guided[position].source);
}

/// Reads the lines, and fetches the sums of those that do not tell.
INLINE void find_lined(struct lined_group *group, uint32_t fanout) {
    for (size_t lane = 0; lane < group->used; lane++) {
        const struct list *list = &group->lists[lane];
        group->left[lane] = 0;
        if (!(list->total > 0)) continue;
        for (uint32_t i = 0; i < fanout; i++) {
            const struct mrs_draw_line *line = group->lines[lane] + group->cells[i][lane];
            uint64_t hit = hit_in(line, group->parts[i][lane]);
            group->hits[i][lane] = hit;
            if (__builtin_expect(hit == UNTOLD, 0)) {
                group->left[lane] |= (uint32_t)1 << i;
                group->hits[i][lane] = line->position;
                prefetch_range(
                    list->guided + line->position, list->guided + line->position + MRS_LINE_EDGES);
            }
        }
    }
}

/// Asks the sums where lines did not tell.
INLINE void settle_lined(struct lined_group *group) {
    for (size_t lane = 0; lane < group->used; lane++) {
        const struct list *list = &group->lists[lane];
        for (uint32_t left = group->left[lane]; left != 0; left &= left - 1) {
            int i = __builtin_ctz(left);
            group->hits[i][lane] =
                hit_by_sums(list, (uint32_t)group->hits[i][lane], group->numbers[i][lane]);
        }
    }
}

/// Where the draws end that are made at once: even, and most often all that are made from whole lists.
INLINE uint32_t spare_end(uint32_t fanout) {
    return 2 * fanout < LINED_DRAWS ? 2 * fanout : LINED_DRAWS;
}

/// Sorts the hits; where lists have hit an edge twice, makes more draws, and fetches their lines.
INLINE void sort_lined(
    struct lined_group *group, uint32_t fanout, int replaces, uint32_t key0, uint32_t key1) {
    // A vector has half of the lanes.
    enum { HALF = MRS_PICK_LANES / 2 };
    if (group->used == 0) return;
    settle_lined(group);
    for (int half = 0; half < 2; half++) {
        u64v hits[MRS_WEIGHTED_FANOUT], repeated = {};
        for (uint32_t i = 0; i < fanout; i++) {
            u64v hit;
            memcpy(&hit, &group->hits[i][half * HALF], sizeof hit);
            for (uint32_t m = 0; m < i; m++) {
                u64v smaller = __builtin_elementwise_min(hits[m], hit);
                hit = __builtin_elementwise_max(hits[m], hit);
                hits[m] = smaller;
            }
            hits[i] = hit;
        }
        for (uint32_t i = 0; i < fanout; i++) {
            memcpy(&group->hits[i][half * HALF], &hits[i], sizeof hits[i]);
            if (i > 0) repeated |= (u64v)(hits[i] == hits[i - 1]);
        }
        memcpy(&group->repeats[half * HALF], &repeated, sizeof repeated);
    }
    uint64_t repeats = 0;
    for (size_t lane = 0; lane < MRS_PICK_LANES; lane++) repeats |= group->repeats[lane];
    if (replaces || !repeats) return;
    uint32_t end = spare_end(fanout);
    place_draws(group, fanout & ~(uint32_t)1, end, key0, key1);
    for (size_t lane = 0; lane < group->used; lane++) {
        if (!group->repeats[lane]) continue;
        for (uint32_t i = fanout; i < end; i++) {
            mrs_prefetch(group->lines[lane] + group->cells[i][lane]);
        }
    }
}

/// Replaces the repeated draws of a list. Returns how many hits it has.
INLINE uint32_t refill_lined(
    const struct mrs_weights *w, const struct lined_group *group, size_t lane, uint32_t fanout,
    uint32_t key0, uint32_t key1, uint64_t *hits) {
    const struct list *list = &group->lists[lane];
    for (uint32_t i = 0; i < fanout; i++) hits[i] = group->hits[i][lane];
    uint32_t count = drop_repeated(hits, fanout), number = fanout, end = spare_end(fanout);
    for (; count < fanout && number < end; number++) {
        const struct mrs_draw_line *line = group->lines[lane] + group->cells[number][lane];
        uint64_t hit = hit_in(line, group->parts[number][lane]);
        if (hit == UNTOLD) hit = hit_by_sums(list, line->position, group->numbers[number][lane]);
        count = insert_hit(hits, count, hit);
    }
    return fill_up(w, list, fanout, key0, key1, hits, count, number, MRS_GUIDED_SUMS);
}

/// Replaces repeated draws and writes the edges out.
INLINE void finish_lined(
    const struct mrs_weights *w, struct lined_group *group, uint32_t fanout, int replaces,
    uint32_t key0, uint32_t key1) {
    for (size_t lane = 0; lane < group->used; lane++) {
        struct list *list = &group->lists[lane];
        if (!(list->total > 0)) {
            *list->kept = 0;
        } else if (group->repeats[lane] && !replaces) {
            uint64_t hits[MRS_WEIGHTED_FANOUT + 1];
            uint32_t count = refill_lined(w, group, lane, fanout, key0, key1, hits);
            for (uint32_t i = 0; i < count; i++) {
                list->out[i] = list->start + position_in(hits[i]);
                list->sources[i] = (uint32_t)hits[i];
            }
            *list->kept = count;
        } else {
            for (uint32_t i = 0; i < fanout; i++) {
                uint64_t hit = group->hits[i][lane];
                list->out[i] = list->start + position_in(hit);
                list->sources[i] = (uint32_t)hit;
            }
            *list->kept = fanout;
        }
    }
    group->used = 0;
}

/// Takes every group a step further; the oldest one becomes the one that lists enter.
INLINE void push_lined(
    const struct mrs_weights *w, struct lined_groups *all, uint32_t fanout, int replaces,
    uint32_t key0, uint32_t key1) {
    draw_lined(w, &all->groups[(all->turn + LINED_STEPS - 1) % LINED_STEPS], fanout, key0, key1);
    find_lined(&all->groups[(all->turn + LINED_STEPS - 2) % LINED_STEPS], fanout);
    sort_lined(
        &all->groups[(all->turn + LINED_STEPS - 3) % LINED_STEPS], fanout, replaces, key0, key1);
    all->turn++;
    finish_lined(w, &all->groups[all->turn % LINED_STEPS], fanout, replaces, key0, key1);
}

#endif
