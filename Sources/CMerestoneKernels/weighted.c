#include "include/weighted.h"

#include "clones.h"
#include "philox.h"

#include <string.h>

// Sums are rounded after every operation, here as in Swift.
#pragma STDC FP_CONTRACT OFF

enum {
    LANES = MRS_PICK_LANES,
    /// Lists up to this length are searched from end to end.
    SHORT = 64,
    /// Kept sums that are compared at once.
    WINDOW = 16,
    /// Groups of lists under way at once, each one step behind the group after it.
    STEPS = 3,
};

typedef double f64v __attribute__((vector_size(32)));
typedef int64_t i64v __attribute__((vector_size(32)));
enum { DOUBLES = sizeof(f64v) / sizeof(double) };

// MARK: Lists

/// One list that is drawn from.
struct list {
    uint64_t start;
    uint32_t count, node;
    /// Its first and last kept sum; none where `last < first`.
    int64_t first, last;
    double total, per_total;
    /// All its running sums, or null.
    const double *running;
    /// Where its weights would start if the list started at edge 0.
    const void *weights;
    uint64_t *out;
    int64_t *kept;
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

INLINE double weight_of(const struct list *list, uint64_t edge, enum mrs_weights_kind kind) {
    if (kind == MRS_FLOAT_WEIGHTS) return ((const float *)list->weights)[edge];
    return ((const double *)list->weights)[edge];
}

INLINE const void *address_of(const struct list *list, uint64_t edge, enum mrs_weights_kind kind) {
    return (const char *)list->weights + edge * (kind == MRS_FLOAT_WEIGHTS ? 4 : 8);
}

/// Fetches the cache lines of a range.
INLINE void prefetch_range(const void *from, const void *end) {
    const char *line = (const char *)((uintptr_t)from & ~(uintptr_t)63);
    for (; line < (const char *)end; line += 64) __builtin_prefetch(line);
}

INLINE const void *weights_of(const struct mrs_weights *w, uint64_t edge) {
    size_t lower = 0, upper = w->shards;
    while (upper - lower > 1) {
        size_t middle = (lower + upper) / 2;
        if (w->bounds[middle] <= edge) lower = middle; else upper = middle;
    }
    return w->weights[lower];
}

// MARK: Searching

/// How many of `count` ascending sums are at most `x`.
INLINE uint32_t count_at_most(const double *sums, uint32_t count, double x) {
    i64v found = {};
    uint32_t i = 0;
    for (; i + DOUBLES <= count; i += DOUBLES) {
        f64v part;
        memcpy(&part, sums + i, sizeof part);
        found -= (i64v)(part <= x);
    }
    uint32_t result = (uint32_t)(found[0] + found[1] + found[2] + found[3]);
    for (; i < count; i++) result += sums[i] <= x;
    return result;
}

/// Kept sums `first ..< end` of a list.
struct window {
    int64_t first, end;
};

/// The two cache lines around the place where `x` would be if all edges weighed the same.
INLINE struct window window_of(const struct list *list, double x) {
    int64_t guess = list->first + (int64_t)(x * list->per_total);
    struct window window;
    window.first = ((guess + WINDOW / 4) & -(int64_t)(WINDOW / 2)) - WINDOW / 2;
    window.end = window.first + WINDOW;
    if (window.first > list->last) window.first = list->last;
    if (window.first < list->first) window.first = list->first;
    if (window.end > list->last + 1) window.end = list->last + 1;
    return window;
}

/// The last kept sum that is at most `x`; one before the first where there is none.
INLINE int64_t last_at_most(const struct mrs_weights *w, const struct list *list, double x) {
    const double *kept = w->kept;
    int64_t first = list->first, last = list->last;
    if (last < first) return first - 1;
    struct window window = window_of(list, x);
    int64_t low = window.first, size = window.end - low;
    uint32_t found = count_at_most(kept + low, (uint32_t)size, x);
    if (__builtin_expect((found > 0 || low == first) && (found < size || window.end > last), 1)) {
        return low + found - 1;
    }
    // Sums grow about evenly, so the place is near: the search widens from the window.
    int64_t high, step = WINDOW;
    if (found == 0) {
        high = low;
        low -= step;
        while (low >= first && kept[low] > x) {
            high = low;
            step *= 2;
            low -= step;
        }
        if (low < first) low = first - 1;
    } else {
        low += size - 1;
        high = low + step;
        while (high <= last && kept[high] <= x) {
            low = high;
            step *= 2;
            high += step;
        }
        if (high > last) high = last + 1;
    }
    while (high - low > 1) {
        int64_t middle = (low + high) / 2;
        if (kept[middle] <= x) low = middle; else high = middle;
    }
    return low;
}

/// The edges between two kept sums.
struct span {
    uint64_t first, end;
};

INLINE struct span span_of(const struct mrs_weights *w, const struct list *list, int64_t block) {
    struct span span;
    span.first = (uint64_t)block << w->shift;
    span.end = span.first + ((uint64_t)1 << w->shift);
    if (block < list->first) span.first = list->start;
    if (span.end > list->start + list->count) span.end = list->start + list->count;
    return span;
}

/// The position of the first edge whose running sum is above `x`, after the kept sum `block`.
INLINE uint32_t position_after(
    const struct mrs_weights *w, const struct list *list, int64_t block, double x,
    enum mrs_weights_kind kind) {
    struct span span = span_of(w, list, block);
    uint64_t size = span.end - span.first, found = 0;
    if (kind == MRS_RUNNING_SUMS) {
        found = count_at_most(w->running + span.first, (uint32_t)size, x);
    } else {
        double sum = block < list->first ? 0 : w->kept[block];
        if (size == WINDOW) {
#pragma unroll
            for (int i = 0; i < WINDOW; i++) {
                sum += weight_of(list, span.first + (uint64_t)i, kind);
                found += sum <= x;
            }
        } else {
            for (uint64_t i = 0; i < size; i++) {
                sum += weight_of(list, span.first + i, kind);
                found += sum <= x;
            }
        }
    }
    uint64_t position = span.first - list->start + found;
    // For a file that was cut short meanwhile and reads as zeros.
    return position < list->count ? (uint32_t)position : list->count - 1;
}

INLINE uint32_t position_of(
    const struct mrs_weights *w, const struct list *list, double x, enum mrs_weights_kind kind) {
    if (list->count <= SHORT) {
        uint32_t found = count_at_most(list->running, list->count, x);
        return found < list->count ? found : list->count - 1;
    }
    return position_after(w, list, last_at_most(w, list, x), x, kind);
}

// MARK: Repeated draws

struct hit {
    uint32_t position;
    double before, after;
};

INLINE struct hit hit_at(
    const struct mrs_weights *w, const struct list *list, uint32_t position,
    enum mrs_weights_kind kind) {
    struct hit hit = {position, 0, 0};
    if (list->running) {
        if (position > 0) hit.before = list->running[position - 1];
        hit.after = list->running[position];
        return hit;
    }
    int64_t block = (int64_t)((list->start + position) >> w->shift);
    uint64_t edge = list->start;
    if (block >= list->first) {
        hit.before = w->kept[block];
        edge = (uint64_t)block << w->shift;
    }
    for (; edge < list->start + position; edge++) hit.before += weight_of(list, edge, kind);
    hit.after = hit.before + weight_of(list, edge, kind);
    return hit;
}

INLINE int holds(const struct hit *hits, uint32_t count, uint32_t position) {
    for (uint32_t i = 0; i < count; i++) {
        if (hits[i].position == position) return 1;
    }
    return 0;
}

INLINE double below_total(double total) {
    uint64_t bits;
    memcpy(&bits, &total, sizeof bits);
    bits--;
    memcpy(&total, &bits, sizeof bits);
    return total;
}

/// Draws an edge from those that are not among the hits, into `hits[count]`. Returns 0 where there
/// is none.
INLINE int fresh(
    const struct mrs_weights *w, const struct list *list, double unit, struct hit *hits,
    uint32_t count, enum mrs_weights_kind kind) {
    double drawn = 0;
    for (uint32_t i = 0; i < count; i++) drawn += hits[i].after - hits[i].before;
    double rest = list->total - drawn, limit = below_total(list->total);
    double x = unit * (rest > 0 ? rest : 0);
    for (uint32_t i = 0; i < count; i++) {
        if (x >= hits[i].before) x += hits[i].after - hits[i].before;
    }
    uint32_t position = position_of(w, list, x < limit ? x : limit, kind);
    struct hit first = hit_at(w, list, position, kind), hit = first;
    for (uint32_t i = 0; i <= count; i++) {
        if (!holds(hits, count, hit.position)) {
            hits[count] = hit;
            return 1;
        }
        if (!(hit.after < list->total)) break;
        hit = hit_at(w, list, position_of(w, list, hit.after, kind), kind);
    }
    hit = first;
    for (uint32_t i = 0; i <= count; i++) {
        if (!holds(hits, count, hit.position)) {
            hits[count] = hit;
            return 1;
        }
        if (!(hit.before > 0)) break;
        hit = hit_at(w, list, position_of(w, list, below_total(hit.before), kind), kind);
    }
    return 0;
}

INLINE double unit_of(uint32_t low, uint32_t high) {
    return (double)(int64_t)((low | (uint64_t)high << 32) >> 11) * 0x1p-53;
}

/// Drops repetitions from ascending positions and draws others for them. Returns how many there are.
INLINE uint32_t fill_up(
    const struct mrs_weights *w, const struct list *list, uint32_t fanout, uint32_t key0,
    uint32_t key1, uint32_t *positions, enum mrs_weights_kind kind) {
    struct hit hits[MRS_WEIGHTED_FANOUT + 1];
    uint32_t count = 0, words[4];
    for (uint32_t i = 0; i < fanout; i++) {
        if (i > 0 && positions[i] == positions[i - 1]) continue;
        hits[count++] = hit_at(w, list, positions[i], kind);
    }
    for (uint32_t number = fanout; count < fanout; number++) {
        if (number == fanout || number % 2 == 0) {
            philox_plain(list->node, number / 2, key0, key1, words);
        }
        double unit = unit_of(words[number % 2 * 2], words[number % 2 * 2 + 1]);
        if (!fresh(w, list, unit, hits, count, kind)) break;
        struct hit hit = hits[count];
        uint32_t place = count++;
        for (; place > 0 && hits[place - 1].position > hit.position; place--) {
            hits[place] = hits[place - 1];
        }
        hits[place] = hit;
    }
    for (uint32_t i = 0; i < count; i++) positions[i] = hits[i].position;
    return count;
}

// MARK: Steps

/// Fetches what the total is read from.
INLINE void enter(
    const struct mrs_weights *w, struct group *group, const struct mrs_edge_list *from,
    uint32_t node, uint64_t *out, int64_t *kept, enum mrs_weights_kind kind) {
    struct list *list = &group->lists[group->used++];
    uint64_t start = from->start, count = from->count, end = start + count;
    list->start = start;
    list->count = (uint32_t)count;
    list->node = node;
    list->first = (int64_t)(start >> w->shift) + 1;
    list->last = (int64_t)((end - 1) >> w->shift);
    list->out = out;
    list->kept = kept;
    list->running = NULL;
    if (kind == MRS_RUNNING_SUMS) {
        list->running = w->running + start;
        prefetch_range(w->running + (count <= SHORT ? start : end - 1), w->running + end);
        return;
    }
    list->weights = weights_of(w, start);
    uint64_t rest = start;
    if (count > SHORT && list->last >= list->first) {
        rest = (uint64_t)list->last << w->shift;
        __builtin_prefetch(w->kept + list->last);
    }
    prefetch_range(address_of(list, rest, kind), address_of(list, end, kind));
}

/// Makes the draws, and fetches the kept sums that they may hit.
INLINE void draw(
    const struct mrs_weights *w, struct group *group, uint32_t fanout, uint32_t key0, uint32_t key1,
    enum mrs_weights_kind kind) {
    if (group->used == 0) return;
    uint32_t nodes[LANES] = {0};
    double totals[LANES] = {0}, limits[LANES] = {0};
    for (size_t lane = 0; lane < group->used; lane++) {
        struct list *list = &group->lists[lane];
        uint64_t end = list->start + list->count;
        if (kind == MRS_RUNNING_SUMS) {
            list->total = w->running[end - 1];
        } else if (list->count <= SHORT) {
            double sum = 0, *prefix = group->prefix[lane];
            for (uint32_t i = 0; i < list->count; i++) {
                prefix[i] = sum += weight_of(list, list->start + i, kind);
            }
            list->total = sum;
            list->running = prefix;
        } else {
            uint64_t edge = list->start;
            double sum = 0;
            if (list->last >= list->first) {
                sum = w->kept[list->last];
                edge = (uint64_t)list->last << w->shift;
            }
            for (; edge < end; edge++) sum += weight_of(list, edge, kind);
            list->total = sum;
        }
        list->per_total =
            list->total > 0 ? (double)(list->last - list->first + 1) / list->total : 0;
        nodes[lane] = list->node;
        totals[lane] = list->total;
        limits[lane] = list->total > 0 ? below_total(list->total) : 0;
    }
    u32v node;
    memcpy(&node, nodes, sizeof node);
    for (uint32_t i = 0; i < fanout; i += 2) {
        u32v words[4];
        philox(node, i / 2, key0, key1, words);
        for (uint32_t half = 0; half < 2 && i + half < fanout; half++) {
            uint32_t low[LANES], high[LANES];
            memcpy(low, &words[2 * half], sizeof low);
            memcpy(high, &words[2 * half + 1], sizeof high);
            double *numbers = group->numbers[i + half];
            for (size_t lane = 0; lane < LANES; lane++) {
                double x = unit_of(low[lane], high[lane]) * totals[lane];
                numbers[lane] = x < limits[lane] ? x : limits[lane];
            }
        }
    }
    for (size_t lane = 0; lane < group->used; lane++) {
        struct list *list = &group->lists[lane];
        if (list->count <= SHORT || list->last < list->first) continue;
        for (uint32_t i = 0; i < fanout; i++) {
            struct window window = window_of(list, group->numbers[i][lane]);
            __builtin_prefetch(w->kept + window.first);
            __builtin_prefetch(w->kept + window.end - 1);
        }
    }
}

/// Finds the kept sums before the draws, and fetches what follows them.
INLINE void find(
    const struct mrs_weights *w, struct group *group, uint32_t fanout,
    enum mrs_weights_kind kind) {
    for (size_t lane = 0; lane < group->used; lane++) {
        struct list *list = &group->lists[lane];
        if (list->count <= SHORT || !(list->total > 0)) continue;
        for (uint32_t i = 0; i < fanout; i++) {
            int64_t block = last_at_most(w, list, group->numbers[i][lane]);
            group->blocks[i][lane] = block;
            struct span span = span_of(w, list, block);
            if (span.end > span.first + WINDOW) span.end = span.first + WINDOW;
            if (kind == MRS_RUNNING_SUMS) {
                prefetch_range(w->running + span.first, w->running + span.end);
            } else {
                prefetch_range(
                    address_of(list, span.first, kind), address_of(list, span.end, kind));
            }
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
        if (list->count <= SHORT) {
            for (uint32_t i = 0; i < fanout; i++) {
                uint32_t found =
                    count_at_most(list->running, list->count, group->numbers[i][lane]);
                if (found >= list->count) found = list->count - 1;
                group->positions[i][lane] = found;
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
        for (uint32_t m = 0; m < i; m++) {
            u32v smaller = __builtin_elementwise_min(picks[m], t);
            t = __builtin_elementwise_max(picks[m], t);
            picks[m] = smaller;
        }
        picks[i] = t;
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
            uint32_t positions[MRS_WEIGHTED_FANOUT];
            for (uint32_t i = 0; i < fanout; i++) positions[i] = sorted[i * LANES + lane];
            uint32_t count = fill_up(w, list, fanout, key0, key1, positions, kind);
            for (uint32_t i = 0; i < count; i++) out[i] = start + positions[i];
            *list->kept = count;
        } else {
            for (uint32_t i = 0; i < fanout; i++) out[i] = start + sorted[i * LANES + lane];
            *list->kept = fanout;
        }
    }
    group->used = 0;
}

/// Keeps the edges that weigh anything. Returns how many.
INLINE uint32_t keep_all(
    const struct mrs_weights *w, const struct mrs_edge_list *from, uint64_t *out,
    enum mrs_weights_kind kind) {
    uint32_t kept = 0;
    if (w->every_edge_counts) {
        for (uint64_t i = 0; i < from->count; i++) out[i] = from->start + i;
        return (uint32_t)from->count;
    }
    struct list list = {.weights = kind == MRS_RUNNING_SUMS ? NULL : weights_of(w, from->start)};
    double before = 0;
    for (uint64_t edge = from->start; edge < from->start + from->count; edge++) {
        double after =
            kind == MRS_RUNNING_SUMS ? w->running[edge] : before + weight_of(&list, edge, kind);
        out[kept] = edge;
        kept += after > before;
        before = after;
    }
    return kept;
}

/// Moves the picks of all destinations together. Returns how many there are.
INLINE size_t close_up(
    const struct mrs_edge_list *lists, size_t count, uint32_t fanout, int replaces, int64_t *indptr,
    uint64_t *edges) {
    size_t room = 0, total = 0;
    indptr[0] = 0;
    for (size_t i = 0; i < count; i++) {
        size_t kept = (size_t)indptr[i + 1];
        if (room != total) memmove(edges + total, edges + room, kept * sizeof *edges);
        total += kept;
        indptr[i + 1] = (int64_t)total;
        room += lists[i].count == 0                        ? 0
                : replaces || lists[i].count > fanout ? fanout
                                                      : lists[i].count;
    }
    return total;
}

INLINE size_t pick_weighted(
    const struct mrs_weights *w, const uint32_t *nodes, const struct mrs_edge_list *lists,
    size_t count, uint32_t fanout, int replaces, uint32_t key0, uint32_t key1, int64_t *indptr,
    uint64_t *edges, enum mrs_weights_kind kind) {
    struct group groups[STEPS];
    for (int i = 0; i < STEPS; i++) {
        groups[i].used = 0;
        // Lanes that are not used are sorted, too.
        memset(groups[i].positions, 0, sizeof groups[i].positions);
    }
    uint64_t *out = edges;
    size_t next = 0;
    // Step `s` of a group follows step `s - 1` of the group behind it; at the end empty groups push
    // the last ones through.
    for (size_t turn = 0, left = STEPS; left > 0; turn++) {
        struct group *entering = &groups[turn % STEPS];
        finish(w, entering, fanout, replaces, key0, key1, kind);
        while (next < count && entering->used < LANES) {
            const struct mrs_edge_list *list = &lists[next];
            int64_t *kept = &indptr[next + 1];
            if (list->count == 0) {
                *kept = 0;
            } else if (!replaces && list->count <= fanout) {
                *kept = keep_all(w, list, out, kind);
                out += list->count;
            } else {
                enter(w, entering, list, nodes[next], out, kept, kind);
                out += fanout;
            }
            next++;
        }
        draw(w, &groups[(turn + STEPS - 1) % STEPS], fanout, key0, key1, kind);
        find(w, &groups[(turn + STEPS - 2) % STEPS], fanout, kind);
        if (next == count) left--;
    }
    for (int i = 0; i < STEPS; i++) finish(w, &groups[i], fanout, replaces, key0, key1, kind);
    return close_up(lists, count, fanout, replaces, indptr, edges);
}

MRS_CLONES size_t mrs_weighted_pick(
    const struct mrs_weights *weights, const uint32_t *nodes, const struct mrs_edge_list *lists,
    size_t count, uint32_t fanout, int replaces, uint32_t key0, uint32_t key1, int64_t *indptr,
    uint64_t *edges) {
    switch (weights->kind) {
    case MRS_RUNNING_SUMS:
        return pick_weighted(
            weights, nodes, lists, count, fanout, replaces, key0, key1, indptr, edges,
            MRS_RUNNING_SUMS);
    case MRS_FLOAT_WEIGHTS:
        return pick_weighted(
            weights, nodes, lists, count, fanout, replaces, key0, key1, indptr, edges,
            MRS_FLOAT_WEIGHTS);
    default:
        return pick_weighted(
            weights, nodes, lists, count, fanout, replaces, key0, key1, indptr, edges,
            MRS_DOUBLE_WEIGHTS);
    }
}
