#ifndef CMERESTONE_RUNNING_SUMS_H
#define CMERESTONE_RUNNING_SUMS_H

// One list that edges are drawn from: where a number falls among the running sums of its weights, and
// what is drawn for repetitions.

#include "include/prefetch.h"
#include "include/weighted.h"

#include "clones.h"
#include "philox.h"
#include "place.h"

#include <string.h>

// Sums are rounded after every operation, here as in Swift.
#pragma STDC FP_CONTRACT OFF

enum {
    /// Lists up to this length are searched from end to end.
    SHORT = 64,
    /// Kept sums that are compared at once.
    WINDOW = 16,
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
    const double *sums;
    double total, per_total;
    /// All its running sums, or null.
    const double *running;
    /// All its edges with a guide, or null.
    const struct mrs_guided_edge *guided;
    /// Where its weights would start if the list started at edge 0.
    const void *weights;
    uint64_t *out;
    /// Where the sources go that belong to `out`, with a guide.
    uint32_t *sources;
    int64_t *kept;
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
    for (; line < (const char *)end; line += 64) mrs_prefetch(line);
}

/// Finds the weights and the kept sums of the list's shard.
INLINE void find_shard(const struct mrs_weights *w, struct list *list) {
    size_t shard = shard_of(w->bounds, w->shards, list->start);
    list->weights = w->weights[shard];
    list->sums = w->kept[shard];
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
INLINE int64_t last_at_most(const struct list *list, double x) {
    const double *kept = list->sums;
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
    double sum = block < list->first ? 0 : list->sums[block];
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
    uint64_t position = span.first - list->start + found;
    // For a file that was cut short meanwhile and reads as zeros.
    return position < list->count ? (uint32_t)position : list->count - 1;
}

/// The same in a list that is searched from end to end.
INLINE uint32_t position_in_short(const struct list *list, double x) {
    uint32_t found = count_at_most(list->running, list->count, x);
    return found < list->count ? found : list->count - 1;
}

/// The same from a position on that is not after it, by a guide: most often it is one of the next
/// few. Sums only grow, so it is before the list's end.
INLINE uint32_t position_guided(const struct list *list, uint32_t position, double x) {
    enum { STEPS = 8 };
    const struct mrs_guided_edge *edges = list->guided;
    for (uint32_t step = 0; step < STEPS; step++, position++) {
        if (edges[position].sum > x) return position;
    }
    // Many light edges in one cell.
    uint32_t low = position - 1, last = list->count - 1, step = STEPS;
    while (last - low > step && edges[low + step].sum <= x) {
        low += step;
        step *= 2;
    }
    uint32_t high = last - low > step ? low + step : last;
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (edges[middle].sum <= x) low = middle; else high = middle;
    }
    return high;
}

INLINE uint32_t cell_of(const struct list *list, double x) {
    return mrs_guided_cell(x, list->per_total, list->count);
}

INLINE uint32_t position_of(
    const struct mrs_weights *w, const struct list *list, double x, enum mrs_weights_kind kind) {
    if (kind == MRS_GUIDED_SUMS) {
        return position_guided(list, list->guided[cell_of(list, x)].guide, x);
    }
    if (list->count <= SHORT) return position_in_short(list, x);
    return position_after(w, list, last_at_most(list, x), x, kind);
}

/// Takes the list's total, of `cells` cells.
INLINE void set_total(struct list *list, double total, int64_t cells) {
    list->total = total;
    list->per_total = total > 0 ? (double)cells / total : 0;
    if (!(list->per_total < __builtin_huge_val())) list->per_total = 0;
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
    if (kind == MRS_GUIDED_SUMS) {
        if (position > 0) hit.before = list->guided[position - 1].sum;
        hit.after = list->guided[position].sum;
        return hit;
    }
    if (list->running) {
        if (position > 0) hit.before = list->running[position - 1];
        hit.after = list->running[position];
        return hit;
    }
    int64_t block = (int64_t)((list->start + position) >> w->shift);
    uint64_t edge = list->start;
    if (block >= list->first) {
        hit.before = list->sums[block];
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

/// Draws an edge from those that are not among the hits, into `hits[count]`. Returns 0 where there
/// is none.
INLINE int fresh(
    const struct mrs_weights *w, const struct list *list, double unit, struct hit *hits,
    uint32_t count, enum mrs_weights_kind kind) {
    double drawn = 0;
    for (uint32_t i = 0; i < count; i++) drawn += hits[i].after - hits[i].before;
    double rest = list->total - drawn, limit = mrs_next_down(list->total);
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
        hit = hit_at(w, list, position_of(w, list, mrs_next_down(hit.before), kind), kind);
    }
    return 0;
}

/// The draws of one list as numbers of `[0, 1)`: 32 bits where the list is short, else the upper 53 of 64.
struct units {
    uint32_t node, key0, key1, per_call;
    /// The call that the words are of.
    int64_t call;
    uint32_t words[4];
};

INLINE struct units units_of(const struct list *list, uint32_t key0, uint32_t key1) {
    return (struct units){
        .node = list->node, .key0 = key0, .key1 = key1,
        .per_call = list->count <= NARROW_LIMIT ? 4 : 2, .call = -1};
}

INLINE double unit_at(struct units *units, uint32_t number) {
    uint32_t call = number / units->per_call, place = number % units->per_call;
    if (call != units->call) {
        philox_plain(units->node, call, units->key0, units->key1, units->words);
        units->call = call;
    }
    if (units->per_call == 4) return units->words[place] * 0x1p-32;
    uint64_t word = units->words[2 * place] | (uint64_t)units->words[2 * place + 1] << 32;
    return (double)(int64_t)(word >> 11) * 0x1p-53;
}

typedef double f64w __attribute__((vector_size(8 * MRS_PICK_LANES)));

/// Makes the first draws of sixteen lists, each below its total; `limits` are the largest numbers that
/// are.
INLINE void draw_numbers(
    const struct list lists[MRS_PICK_LANES], size_t used, uint32_t fanout, uint32_t key0,
    uint32_t key1, const double totals[MRS_PICK_LANES], const double limits[MRS_PICK_LANES],
    double numbers[][MRS_PICK_LANES]) {
    uint32_t nodes[MRS_PICK_LANES] = {0}, wide = 0;
    for (size_t lane = 0; lane < used; lane++) {
        nodes[lane] = lists[lane].node;
        wide |= (uint32_t)(lists[lane].count > NARROW_LIMIT) << lane;
    }
    u32v node, words[4];
    f64w total, limit;
    memcpy(&node, nodes, sizeof node);
    memcpy(&total, totals, sizeof total);
    memcpy(&limit, limits, sizeof limit);
    for (uint32_t i = 0; i < fanout; i++) {
        if (i % 4 == 0) philox(node, i / 4, key0, key1, words);
        f64w x = __builtin_convertvector(words[i % 4], f64w) * 0x1p-32 * total;
        x = __builtin_elementwise_min(x, limit);
        memcpy(numbers[i], &x, sizeof x);
    }
    for (; wide != 0; wide &= wide - 1) {
        int lane = __builtin_ctz(wide);
        struct units units = units_of(&lists[lane], key0, key1);
        for (uint32_t i = 0; i < fanout; i++) {
            double x = unit_at(&units, i) * totals[lane];
            numbers[i][lane] = x < limits[lane] ? x : limits[lane];
        }
    }
}

/// An edge that was hit: its position, and below it the source where that is known. Ascending hits are
/// ascending positions.
INLINE uint64_t make_hit(uint32_t position, uint32_t source) {
    return (uint64_t)position << 32 | source;
}

INLINE uint32_t position_in(uint64_t hit) { return (uint32_t)(hit >> 32); }

/// Drops repetitions from ascending hits. Returns how many are left.
INLINE uint32_t drop_repeated(uint64_t *hits, uint32_t count) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < count; i++) {
        hits[kept] = hits[i];
        kept += i + 1 == count || hits[i] != hits[i + 1];
    }
    return kept;
}

/// Puts a hit among ascending ones, for which there is room, unless it is there. Returns how many there
/// are then.
INLINE uint32_t insert_hit(uint64_t *hits, uint32_t count, uint64_t hit) {
    int is_there = 0;
    for (uint32_t i = 0; i < count; i++) is_there |= hits[i] == hit;
    if (is_there) return count;
    uint32_t place = count;
    for (; place > 0 && hits[place - 1] > hit; place--) hits[place] = hits[place - 1];
    hits[place] = hit;
    return count + 1;
}

/// Makes draws from number `number` on until there are `fanout` hits, or no more to be had. Returns how
/// many there are.
///
/// - `hits`: `count` ascending ones, none repeated; room for one more than `fanout`.
INLINE uint32_t fill_up(
    const struct mrs_weights *w, const struct list *list, uint32_t fanout, uint32_t key0,
    uint32_t key1, uint64_t *hits, uint32_t count, uint32_t number, enum mrs_weights_kind kind) {
    struct hit around[MRS_WEIGHTED_FANOUT + 1];
    struct units units = units_of(list, key0, key1);
    double limit = mrs_next_down(list->total);
    int has_around = 0;
    for (; count < fanout; number++) {
        double unit = unit_at(&units, number);
        uint32_t position;
        if (number < 2 * fanout) {
            double x = unit * list->total;
            position = position_of(w, list, x < limit ? x : limit, kind);
        } else {
            // All of them, in order, the first time; then where the last one came to stand.
            for (uint32_t i = 0; i < count && !has_around; i++) {
                around[i] = hit_at(w, list, position_in(hits[i]), kind);
            }
            has_around = 1;
            if (!fresh(w, list, unit, around, count, kind)) break;
            struct hit hit = around[count];
            uint32_t place = count;
            for (; place > 0 && around[place - 1].position > hit.position; place--) {
                around[place] = around[place - 1];
            }
            around[place] = hit;
            position = hit.position;
        }
        uint32_t source = kind == MRS_GUIDED_SUMS ? list->guided[position].source : 0;
        count = insert_hit(hits, count, make_hit(position, source));
    }
    return count;
}

#endif
