#ifndef CMERESTONE_WEIGHTED_H
#define CMERESTONE_WEIGHTED_H

#include "sample.h"

/// How the running sums of lists are read.
enum mrs_weights_kind {
    /// All of them are kept.
    MRS_RUNNING_SUMS,
    /// Some are kept; the rest is added up from `float` or `double` weights.
    MRS_FLOAT_WEIGHTS,
    MRS_DOUBLE_WEIGHTS,
};

/// The weights of a relation's edges, none of them negative: see `EdgeWeights` in Swift.
struct mrs_weights {
    enum mrs_weights_kind kind;

    /// The running sum up to each edge in its list, and room to a multiple of 16. Or null.
    const double *running;

    /// Element `m` is the sum before edge `m << shift` in its list. With all running sums `shift` is
    /// at most 4.
    const double *kept;
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
/// other; `indptr` gets where they start. Returns how many. Edges and nodes are fewer than 2^32.
size_t mrs_weighted_pick(
    const struct mrs_weights *weights, const uint32_t *nodes, const struct mrs_edge_list *lists,
    size_t count, uint32_t fanout, int replaces, uint32_t key0, uint32_t key1, int64_t *indptr,
    uint64_t *edges);

#endif
