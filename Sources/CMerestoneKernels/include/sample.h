#ifndef CMERESTONE_SAMPLE_H
#define CMERESTONE_SAMPLE_H

#include <stddef.h>
#include <stdint.h>

/// Where one destination's in-edges lie: global edge ids `start ..< start + count`.
struct mrs_edge_list {
    uint64_t start;
    uint64_t count;
};

/// Lists that `mrs_pick` draws at once, and the most edges that it draws so for each; longer picks
/// are drawn one by one.
enum { MRS_PICK_LANES = 16, MRS_PICK_VECTORS = 32 };

/// Reads the lists of `count` nodes from decoded memory.
///
/// `ends` gets `count` running totals of `min(list, fanout)`, counted on from `total`; the last
/// total is returned. `nodes` are 32 bits wide.
int64_t mrs_read_lists(
    const uint64_t *indptr, const uint32_t *nodes, size_t count, uint64_t fanout, int64_t total,
    struct mrs_edge_list *lists, int64_t *ends);

/// Cuts keys (edge or node ids) into buckets of `1 << shift` neighbours. Every shard starts a bucket
/// of its own.
struct mrs_buckets {
    /// Where each shard's keys start, and the end of all. Shape `[shards + 1]`.
    const uint64_t *bounds;

    /// The first bucket of each shard. Shape `[shards]`.
    const uint64_t *firsts;
    uint32_t shift;

    /// The shard of key `h << hint_shift`, by `h`, for every key that there is; null for one shard.
    uint32_t hint_shift;
    const uint16_t *hints;
};

/// Picks `min(list, fanout)` edges of each of `count` destinations, uniformly without replacement,
/// in ascending order: `PositionPicker` in Swift defines the draws, and gives the same bits. Where edges
/// are replaced, picks `fanout` of each list that is not empty, as `ReplacementPick` defines.
///
/// `edges` gets the global ids, one destination after the other.
void mrs_pick(
    const uint32_t *nodes, const struct mrs_edge_list *lists, size_t count, uint64_t fanout,
    int replaces, uint32_t key0, uint32_t key1, uint64_t *edges);

/// `mrs_pick` for processors without AVX2, so that tests can compare it wherever they run.
void mrs_pick_baseline(
    const uint32_t *nodes, const struct mrs_edge_list *lists, size_t count, uint64_t fanout,
    int replaces, uint32_t key0, uint32_t key1, uint64_t *edges);

/// Where the values of a packed page lie (packed.h); null until the page was verified.
struct mrs_packed_page {
    const uint8_t *values;

    /// The smallest id, below 2^56, and above it the bits of a value.
    uint64_t smallest_and_bits;
};

/// Enters a page into the table, for all threads to see.
void mrs_packed_enter(
    struct mrs_packed_page *page, const uint8_t *values, uint64_t smallest, uint32_t bits);

/// Reads the sources of `count` edges. Returns how many it read: fewer than all where `missing` is a
/// page that must be entered first.
size_t mrs_packed_read(
    const struct mrs_packed_page *pages, const struct mrs_buckets *cut, const uint64_t *edges,
    size_t count, uint64_t *sources, size_t *missing);

/// What one hop of one mini-batch reads and writes. Node ids are 32 bits wide.
struct mrs_hop {
    /// The source of every edge of the relation, or null.
    const uint32_t *sources;

    /// Instead: the relation's packed pages, and how edges are cut into them.
    struct mrs_packed_page *pages;
    const struct mrs_buckets *page_cut;

    /// The page that must be entered into the table when `mrs_sample_hop` returns 2.
    size_t missing_page;

    /// The destinations and their lists. Shape `[destinations]`.
    const uint32_t *destination_nodes;
    const struct mrs_edge_list *lists;
    size_t destinations;
    uint64_t fanout;
    uint32_t key0;
    uint32_t key1;

    /// The kept edges, and the block index of their sources. Shape `[e]`.
    uint64_t *edges;
    uint32_t *indices;

    /// The nodes of the sources' type in the order they were first seen in the mini-batch. Room for
    /// `seen + 1 + ` the hop's edges, or for all nodes plus one.
    uint32_t *nodes;
    size_t seen;

    /// One stamp per node of the graph, or null. A node was seen in this mini-batch where its stamp
    /// is at least `base`; then its block index is the stamp minus `base`.
    uint32_t *stamps;
    uint32_t base;

    /// Instead of stamps: a hash table of `1 << table_bits` entries, `node << 32 | stamp`.
    uint64_t *table;
    uint32_t table_bits;

    /// How far the hop has come, in destinations and edges. Zero at its start.
    size_t done;
    size_t picked;
    size_t gathered;
    size_t relabelled;
};

/// Picks, gathers and relabels one hop, in chunks whose memory is prefetched while the chunk before
/// is worked on.
///
/// Returns 1 when the hop is complete. Returns 0 when the hash table has become more than half
/// full: call again with a larger one that holds the same nodes. Returns 2 when a packed page was
/// not entered yet: call again when it is.
int mrs_sample_hop(struct mrs_hop *hop);

/// Gathers and relabels the first `picked` edges, which are there already; returns what
/// `mrs_sample_hop` returns.
int mrs_finish_hop(struct mrs_hop *hop);

/// Gives sources their block indices, in place, as `mrs_sample_hop` does; `count` of them.
/// Returns how many were done before the hash table was half full.
size_t mrs_relabel(struct mrs_hop *hop, uint32_t *indices, size_t count);

#endif
