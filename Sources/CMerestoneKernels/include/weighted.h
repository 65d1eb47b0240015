#ifndef CMERESTONE_WEIGHTED_H
#define CMERESTONE_WEIGHTED_H

#include "sample.h"

/// How the running sums of lists are read.
enum mrs_weights_kind {
    /// All of them are kept, with a guide.
    MRS_GUIDED_SUMS,
    /// Some are kept; the rest is added up from `float` or `double` weights.
    MRS_FLOAT_WEIGHTS,
    MRS_DOUBLE_WEIGHTS,
};

/// What is kept of an edge: a draw reads the guide in one place of the list and finds the sum and the
/// source in another, and so touches two cache lines. A list of `n` edges whose last sum is `t` is cut
/// into `n` cells of the same width, `x` being in cell `mrs_guided_cell(x, n / t, n)`.
struct mrs_guided_edge {
    /// The running sum up to this edge in its list.
    double sum;

    /// Element `j` of a list: the position of the first edge whose sum is in cell `j` or a later one.
    uint32_t guide;

    uint32_t source;
};

/// The guide's cell of a number from `[0, t]`; `per_total` is `n / t`, or 0 where that overflows.
static inline uint32_t mrs_guided_cell(double x, double per_total, uint32_t count) {
    int64_t cell = (int64_t)(x * per_total);
    return cell < count ? (uint32_t)cell : count - 1;
}

enum {
    /// Edges per line on average, and at most.
    MRS_LINE_SHARE = 6,
    MRS_LINE_EDGES = 10,
};

/// What most draws from a list of `MRS_LINE_SHARE` to 65,536 edges read, a cache line: edge and source.
/// The list `start ..< end` has lines `start / MRS_LINE_SHARE ..< end / MRS_LINE_SHARE`. The 2^32 words
/// that a draw can be are cut into as many cells of the same width, one for each line; words of a cell are
/// told apart by its 65,536ths.
struct mrs_draw_line {
    /// The position of the first edge that a word of this cell or of a later one hits.
    uint32_t position;

    /// The 65,536th of the cell that has the first word behind edge `position + i`; the last one where
    /// that is in a later cell. Where it equals a word's, or all are before that, all sums have to be
    /// asked.
    uint16_t ends[MRS_LINE_EDGES];

    /// The sources of these edges.
    uint32_t sources[MRS_LINE_EDGES];
};

/// The largest number below a positive one.
static inline double mrs_next_down(double x) {
    uint64_t bits;
    __builtin_memcpy(&bits, &x, sizeof bits);
    bits--;
    __builtin_memcpy(&x, &bits, sizeof x);
    return x;
}

/// The number from `[0, total)` that a 32-bit word stands for: a larger one for no smaller word.
static inline double mrs_word_number(uint32_t word, double total) {
    double x = word * 0x1p-32 * total, limit = mrs_next_down(total);
    return x < limit ? x : limit;
}

/// How many words stand for numbers below the sum of an edge: the first one that does not hit it.
static inline uint64_t mrs_words_below(double sum, double total) {
    const uint64_t all = (uint64_t)1 << 32;
    double about = sum / total * 0x1p32;
    uint64_t guess = about < 0x1p32 ? (uint64_t)about : all;
    // It is most often one of three, and searched for where it is not.
    uint64_t low = guess > 1 ? guess - 1 : 0, high = guess + 1 < all ? guess + 1 : all;
    if (low > 0 && !(mrs_word_number((uint32_t)(low - 1), total) < sum)) low = 0;
    if (high < all && mrs_word_number((uint32_t)high, total) < sum) high = all;
    while (low < high) {
        uint64_t middle = (low + high) / 2;
        if (mrs_word_number((uint32_t)middle, total) < sum) low = middle + 1; else high = middle;
    }
    return low;
}

/// The weights of a relation's edges, none of them negative: see `EdgeWeights` in Swift.
struct mrs_weights {
    enum mrs_weights_kind kind;

    /// All edges, or null.
    const struct mrs_guided_edge *guided;

    /// The sources alone, closer together, or null. Only where all edges are kept.
    const uint32_t *sources;

    /// Those of all lists, or null. Only where all edges are kept.
    const struct mrs_draw_line *lines;

    /// For each shard: element `m` is the sum before edge `m << shift` in its list, for the edges of the
    /// shard. Shape `[shards]`. Not read where all are kept.
    const double *const *kept;
    uint32_t shift;

    /// Where edge 0 of each shard's weights would lie, and the shards' bounds. Shapes `[shards]` and
    /// `[shards + 1]`.
    const void *const *weights;
    const uint64_t *bounds;
    size_t shards;

    /// Whether no edge has a running sum equal to that before it.
    int every_edge_counts;
};

/// The largest fanout of `mrs_weighted_pick`.
enum { MRS_WEIGHTED_FANOUT = 32 };

/// Picks up to `fanout` edges of each of `count` destinations in proportion to their weights, in
/// ascending order: `WeightedDraw` in Swift defines the draws, and gives the same bits.
///
/// `edges` has room for `fanout` times `count`, and gets the global ids one destination after the
/// other; `indptr` gets where they start. With guided sums `sources`, which has the same room, gets
/// the sources of the edges; else it is not touched. Returns how many. Edges and nodes are fewer than
/// 2^32.
size_t mrs_weighted_pick(
    const struct mrs_weights *weights, const uint64_t *nodes, const struct mrs_edge_list *lists,
    size_t count, uint32_t fanout, int replaces, uint32_t key0, uint32_t key1, int64_t *indptr,
    uint64_t *edges, uint32_t *sources);

#endif
