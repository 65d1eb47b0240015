#include "include/weighted.h"

#include "include/prefetch.h"
#include "draw_lines.h"
#include "running_sums.h"

enum {
    LANES = MRS_PICK_LANES,
    /// Groups of lists under way at once, each one step behind the group after it.
    STEPS = 3,
};

/// Lists that are drawn from together, and their draws by number and lane.
struct group {
    size_t used;
    struct list lists[LANES];
    double numbers[MRS_WEIGHTED_FANOUT][LANES];
    int64_t blocks[MRS_WEIGHTED_FANOUT][LANES];
    uint32_t positions[MRS_WEIGHTED_FANOUT][LANES];
    double prefix[LANES][SHORT];
};

// MARK: Steps

/// Fetches what the total is read from.
INLINE void enter(
    const struct mrs_weights *w, struct group *group, const struct mrs_edge_list *from,
    uint32_t node, uint64_t *out, uint32_t *sources, int64_t *kept, enum mrs_weights_kind kind) {
    struct list *list = &group->lists[group->used++];
    uint64_t start = from->start, count = from->count, end = start + count;
    list->start = start;
    list->count = (uint32_t)count;
    list->node = node;
    list->first = (int64_t)(start >> w->shift) + 1;
    list->last = (int64_t)((end - 1) >> w->shift);
    list->out = out;
    list->sources = sources;
    list->kept = kept;
    list->running = NULL;
    if (kind == MRS_GUIDED_SUMS) {
        list->guided = w->guided + start;
        mrs_prefetch(w->guided + end - 1);
        return;
    }
    find_shard(w, list);
    uint64_t rest = start;
    if (count > SHORT && list->last >= list->first) {
        rest = (uint64_t)list->last << w->shift;
        mrs_prefetch(list->sums + list->last);
    }
    prefetch_range(address_of(list, rest, kind), address_of(list, end, kind));
}

/// Makes the draws, and fetches the kept sums that they may hit.
INLINE void draw(
    const struct mrs_weights *w, struct group *group, uint32_t fanout, uint32_t key0, uint32_t key1,
    enum mrs_weights_kind kind) {
    if (group->used == 0) return;
    double totals[LANES] = {0}, limits[LANES] = {0};
    for (size_t lane = 0; lane < group->used; lane++) {
        struct list *list = &group->lists[lane];
        uint64_t end = list->start + list->count;
        double sum = 0;
        if (kind == MRS_GUIDED_SUMS) {
            sum = w->guided[end - 1].sum;
        } else if (list->count <= SHORT) {
            double *prefix = group->prefix[lane];
            for (uint32_t i = 0; i < list->count; i++) {
                prefix[i] = sum += weight_of(list, list->start + i, kind);
            }
            list->running = prefix;
        } else {
            uint64_t edge = list->start;
            if (list->last >= list->first) {
                sum = list->sums[list->last];
                edge = (uint64_t)list->last << w->shift;
            }
            for (; edge < end; edge++) sum += weight_of(list, edge, kind);
            // Sums that preprocessing stored are finite; others come of a file that somebody made up.
            if (!(sum < __builtin_huge_val())) sum = 0;
        }
        set_total(
            list, sum, kind == MRS_GUIDED_SUMS ? list->count : list->last - list->first + 1);
        totals[lane] = list->total;
        limits[lane] = list->total > 0 ? mrs_next_down(list->total) : 0;
    }
    draw_numbers(group->lists, group->used, fanout, key0, key1, totals, limits, group->numbers);
    for (size_t lane = 0; lane < group->used; lane++) {
        struct list *list = &group->lists[lane];
        if (kind == MRS_GUIDED_SUMS) {
            for (uint32_t i = 0; i < fanout; i++) {
                uint32_t cell = cell_of(list, group->numbers[i][lane]);
                group->positions[i][lane] = cell;
                mrs_prefetch(list->guided + cell);
            }
            continue;
        }
        if (list->count <= SHORT || list->last < list->first) continue;
        for (uint32_t i = 0; i < fanout; i++) {
            struct window window = window_of(list, group->numbers[i][lane]);
            mrs_prefetch(list->sums + window.first);
            mrs_prefetch(list->sums + window.end - 1);
        }
    }
}

/// Finds the kept sums before the draws, or follows the guide, and fetches what comes then.
INLINE void find(
    const struct mrs_weights *w, struct group *group, uint32_t fanout,
    enum mrs_weights_kind kind) {
    for (size_t lane = 0; lane < group->used; lane++) {
        struct list *list = &group->lists[lane];
        if (kind == MRS_GUIDED_SUMS) {
            for (uint32_t i = 0; i < fanout; i++) {
                uint32_t position = list->guided[group->positions[i][lane]].guide;
                group->positions[i][lane] = position;
                mrs_prefetch(list->guided + position);
                mrs_prefetch(list->guided + position + 1);
            }
            continue;
        }
        if (list->count <= SHORT || !(list->total > 0)) continue;
        for (uint32_t i = 0; i < fanout; i++) {
            int64_t block = last_at_most(list, group->numbers[i][lane]);
            group->blocks[i][lane] = block;
            struct span span = span_of(w, list, block);
            if (span.end > span.first + WINDOW) span.end = span.first + WINDOW;
            prefetch_range(address_of(list, span.first, kind), address_of(list, span.end, kind));
        }
    }
}

/// Finds the edges, sorts them and writes them out.
INLINE void finish(
    const struct mrs_weights *w, struct group *group, uint32_t fanout, int replaces, uint32_t key0,
    uint32_t key1, enum mrs_weights_kind kind) {
    if (group->used == 0) return;
    for (size_t lane = 0; lane < group->used; lane++) {
        struct list *list = &group->lists[lane];
        if (kind == MRS_GUIDED_SUMS) {
            if (!(list->total > 0)) continue;
            for (uint32_t i = 0; i < fanout; i++) {
                group->positions[i][lane] = position_guided(
                    list, group->positions[i][lane], group->numbers[i][lane]);
            }
        } else if (list->count <= SHORT) {
            for (uint32_t i = 0; i < fanout; i++) {
                group->positions[i][lane] = position_in_short(list, group->numbers[i][lane]);
            }
        } else if (list->total > 0) {
            for (uint32_t i = 0; i < fanout; i++) {
                group->positions[i][lane] = position_after(
                    w, list, group->blocks[i][lane], group->numbers[i][lane], kind);
            }
        }
    }
    u32v picks[MRS_WEIGHTED_FANOUT], repeated = {};
    for (uint32_t i = 0; i < fanout; i++) {
        u32v t;
        memcpy(&t, group->positions[i], sizeof t);
        insert_ascending(picks, i, t);
    }
    for (uint32_t i = 1; i < fanout; i++) repeated |= (u32v)(picks[i] == picks[i - 1]);
    uint32_t repeats[LANES];
    memcpy(repeats, &repeated, sizeof repeats);
    const uint32_t *sorted = (const uint32_t *)picks;
    for (size_t lane = 0; lane < group->used; lane++) {
        struct list *list = &group->lists[lane];
        uint64_t start = list->start, *out = list->out;
        if (!(list->total > 0)) {
            *list->kept = 0;
        } else if (repeats[lane] && !replaces) {
            uint64_t hits[MRS_WEIGHTED_FANOUT + 1];
            for (uint32_t i = 0; i < fanout; i++) {
                uint32_t position = sorted[i * LANES + lane];
                hits[i] = make_hit(
                    position, kind == MRS_GUIDED_SUMS ? list->guided[position].source : 0);
            }
            uint32_t count = drop_repeated(hits, fanout);
            count = fill_up(w, list, fanout, key0, key1, hits, count, fanout, kind);
            for (uint32_t i = 0; i < count; i++) out[i] = start + position_in(hits[i]);
            *list->kept = count;
        } else {
            for (uint32_t i = 0; i < fanout; i++) out[i] = start + sorted[i * LANES + lane];
            *list->kept = fanout;
        }
        if (kind == MRS_GUIDED_SUMS) {
            for (int64_t i = 0; i < *list->kept; i++) list->sources[i] = w->guided[out[i]].source;
        }
    }
    group->used = 0;
}

/// Fetches what `keep_all` reads of a list.
INLINE void prefetch_whole(const struct mrs_weights *w, const struct mrs_edge_list *list) {
    uint64_t end = list->start + list->count;
    if (w->every_edge_counts && w->sources) {
        prefetch_range(w->sources + list->start, w->sources + end);
    } else {
        prefetch_range(w->guided + list->start, w->guided + end);
    }
}

/// Keeps the edges that weigh anything. Returns how many.
INLINE uint32_t keep_all(
    const struct mrs_weights *w, const struct mrs_edge_list *from, uint64_t *out,
    uint32_t *sources, enum mrs_weights_kind kind) {
    uint32_t kept = 0;
    int is_guided = kind == MRS_GUIDED_SUMS;
    if (w->every_edge_counts) {
        for (uint64_t i = 0; i < from->count; i++) out[i] = from->start + i;
        if (is_guided) {
            for (uint64_t i = 0; i < from->count; i++) {
                uint64_t edge = from->start + i;
                sources[i] = w->sources ? w->sources[edge] : w->guided[edge].source;
            }
        }
        return (uint32_t)from->count;
    }
    struct list list = {.start = from->start};
    if (!is_guided) find_shard(w, &list);
    double before = 0;
    for (uint64_t edge = from->start; edge < from->start + from->count; edge++) {
        double after = is_guided ? w->guided[edge].sum : before + weight_of(&list, edge, kind);
        out[kept] = edge;
        if (is_guided) sources[kept] = w->guided[edge].source;
        kept += after > before;
        before = after;
    }
    return kept;
}

/// Moves the picks of all destinations together. Returns how many there are.
INLINE size_t close_up(
    const struct mrs_edge_list *lists, size_t count, uint32_t fanout, int replaces, int64_t *indptr,
    uint64_t *edges, uint32_t *sources) {
    size_t room = 0, total = 0;
    indptr[0] = 0;
    for (size_t i = 0; i < count; i++) {
        size_t kept = (size_t)indptr[i + 1];
        if (room != total) {
            memmove(edges + total, edges + room, kept * sizeof *edges);
            if (sources) memmove(sources + total, sources + room, kept * sizeof *sources);
        }
        total += kept;
        indptr[i + 1] = (int64_t)total;
        room += lists[i].count == 0                        ? 0
                : replaces || lists[i].count > fanout ? fanout
                                                      : lists[i].count;
    }
    return total;
}

INLINE size_t pick_weighted(
    const struct mrs_weights *w, const uint64_t *nodes, const struct mrs_edge_list *lists,
    size_t count, uint32_t fanout, int replaces, uint32_t key0, uint32_t key1, int64_t *indptr,
    uint64_t *edges, uint32_t *sources, enum mrs_weights_kind kind) {
    if (kind != MRS_GUIDED_SUMS) sources = NULL;
    struct group groups[STEPS];
    for (int i = 0; i < STEPS; i++) {
        groups[i].used = 0;
        // Lanes that are not used are sorted, too.
        memset(groups[i].positions, 0, sizeof groups[i].positions);
    }
    struct lined_groups lined;
    int has_lines = kind == MRS_GUIDED_SUMS && w->lines;
    if (has_lines) clear_lined(&lined);
    const struct picks picks = {indptr + 1, edges, sources};
    size_t next = 0, place = 0;
    // Step `s` of a group follows step `s - 1` of the group behind it; at the end empty groups push
    // the last ones through.
    for (size_t turn = 0, left = STEPS; left > 0; turn++) {
        struct group *entering = &groups[turn % STEPS];
        finish(w, entering, fanout, replaces, key0, key1, kind);
        while (next < count && entering->used < LANES) {
            const struct mrs_edge_list *list = &lists[next];
            int64_t *kept = &indptr[next + 1];
            uint32_t *from = sources ? sources + place : NULL;
            // Lists that are kept whole are read at once.
            if (kind == MRS_GUIDED_SUMS && next + LANES < count && list[LANES].count <= fanout) {
                prefetch_whole(w, &list[LANES]);
            }
            if (list->count == 0) {
                *kept = 0;
            } else if (!replaces && list->count <= fanout) {
                *kept = keep_all(w, list, edges + place, from, kind);
                place += list->count;
            } else if (has_lines && list->count >= MRS_LINE_SHARE && list->count <= NARROW_LIMIT) {
                if (enter_lined(&lined, list, (uint32_t)nodes[next], next, place)) {
                    push_lined(w, &lined, fanout, replaces, key0, key1, &picks);
                }
                place += fanout;
            } else {
                enter(w, entering, list, (uint32_t)nodes[next], edges + place, from, kept, kind);
                place += fanout;
            }
            next++;
        }
        draw(w, &groups[(turn + STEPS - 1) % STEPS], fanout, key0, key1, kind);
        find(w, &groups[(turn + STEPS - 2) % STEPS], fanout, kind);
        if (next == count) left--;
    }
    for (int i = 0; i < LINED_STEPS && has_lines; i++) {
        push_lined(w, &lined, fanout, replaces, key0, key1, &picks);
    }
    for (int i = 0; i < STEPS; i++) finish(w, &groups[i], fanout, replaces, key0, key1, kind);
    return close_up(lists, count, fanout, replaces, indptr, edges, sources);
}

MRS_CLONES size_t mrs_weighted_pick(
    const struct mrs_weights *weights, const uint64_t *nodes, const struct mrs_edge_list *lists,
    size_t count, uint32_t fanout, int replaces, uint32_t key0, uint32_t key1, int64_t *indptr,
    uint64_t *edges, uint32_t *sources) {
    switch (weights->kind) {
    case MRS_GUIDED_SUMS:
        return pick_weighted(
            weights, nodes, lists, count, fanout, replaces, key0, key1, indptr, edges,
            sources, MRS_GUIDED_SUMS);
    case MRS_FLOAT_WEIGHTS:
        return pick_weighted(
            weights, nodes, lists, count, fanout, replaces, key0, key1, indptr, edges,
            sources, MRS_FLOAT_WEIGHTS);
    default:
        return pick_weighted(
            weights, nodes, lists, count, fanout, replaces, key0, key1, indptr, edges,
            sources, MRS_DOUBLE_WEIGHTS);
    }
}
