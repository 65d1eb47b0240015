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
    /// Lists longer than this have lines.
    MRS_LINED = 8,
    /// Edges per line on average, and at most.
    MRS_LINE_SHARE = 6,
    MRS_LINE_EDGES = 10,
};

/// What a draw from a long list reads, a cache line: most often it finds edge and source there. A list
/// of `n` edges has `n / MRS_LINE_SHARE` cells of the same width, each with a line of its own; numbers
/// of a cell are told apart by its 65,536ths.
struct mrs_draw_line {
    /// The position of the first edge whose sum is in this cell or a later one.
    uint32_t position;

    /// The 65,536th of the cell that has the sum of edge `position + i`; the last one where the sum is
    /// in a later cell. Where that equals a number's, or all are before it, all sums have to be asked.
    uint16_t ends[MRS_LINE_EDGES];

    /// The sources of these edges.
    uint32_t sources[MRS_LINE_EDGES];
};

/// A list that has lines: its last sum, and its first line.
struct mrs_lined_list {
    double total;
    uint64_t first;
};

static inline uint64_t mrs_line_cells(uint64_t count) { return count / MRS_LINE_SHARE; }

/// 65,536ths of a cell in all cells together over the last sum, or 0 where that overflows.
static inline double mrs_line_scale(uint64_t cells, double total) {
    double scale = (double)(cells << 16) / total;
    return scale < __builtin_huge_val() ? scale : 0;
}

/// The 65,536th of a cell that has a number from `[0, t]`, counted from the first cell on; never before
/// that of a smaller number.
static inline uint64_t mrs_line_place(double x, double scale, uint64_t cells) {
    int64_t place = (int64_t)(x * scale), last = (int64_t)(cells << 16) - 1;
    return (uint64_t)(place < last ? place : last);
}

/// The weights of a relation's edges, none of them negative: see `EdgeWeights` in Swift.
struct mrs_weights {
    enum mrs_weights_kind kind;

    /// All edges, or null.
    const struct mrs_guided_edge *guided;

    /// The sources alone, closer together, or null. Only where all edges are kept.
    const uint32_t *sources;

    /// The lines of long lists and, by node, which these are; or null. Only where all edges are kept.
    const struct mrs_draw_line *lines;
    const struct mrs_lined_list *lined;

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
    const struct mrs_weights *weights, const uint32_t *nodes, const struct mrs_edge_list *lists,
    size_t count, uint32_t fanout, int replaces, uint32_t key0, uint32_t key1, int64_t *indptr,
    uint64_t *edges, uint32_t *sources);

#endif
