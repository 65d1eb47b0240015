#ifndef CMERESTONE_LABOR_H
#define CMERESTONE_LABOR_H

#include <stddef.h>
#include <stdint.h>

/// Keeps the edges of a list whose source's number is below `limit`, from 1 to 2^32: word `source % 4` of
/// Philox4x32-10 with the counter (source / 4, 0, 0, 0).
///
/// `edges` gets the ids of those kept, where edge `i` of the list is `first + i`; it has room for
/// `count + 1`. Returns how many.
size_t mrs_labor_keep(
    const uint32_t *sources, uint64_t first, size_t count, uint64_t limit, uint32_t key0,
    uint32_t key1, uint64_t *edges);

/// The same for processors without AVX2, so that tests can compare it wherever they run.
size_t mrs_labor_keep_baseline(
    const uint32_t *sources, uint64_t first, size_t count, uint64_t limit, uint32_t key0,
    uint32_t key1, uint64_t *edges);

/// The 32-bit words of a sieve for the nodes `0 ..< nodes`: about six bits a node.
size_t mrs_labor_sieve_words(size_t nodes);

/// Makes the sieve of the nodes `0 ..< nodes` for one key: for every `l` up to a last one, which nodes, or
/// groups of them, have a number below `2^(32 - l)`. `sieve` has `mrs_labor_sieve_words(nodes)`.
void mrs_labor_sift(size_t nodes, uint32_t key0, uint32_t key1, uint32_t *sieve);

/// `mrs_labor_keep`, which then computes the numbers only of those sources that the sieve of the same key
/// leaves, and of those from `nodes` on: a bit for an edge, mostly in the first cache, instead of Philox.
size_t mrs_labor_keep_sieved(
    const uint32_t *sources, uint64_t first, size_t count, uint64_t limit, uint32_t key0,
    uint32_t key1, size_t nodes, const uint32_t *sieve, uint64_t *edges);

/// The same for processors without AVX2, so that tests can compare it wherever they run.
size_t mrs_labor_keep_sieved_baseline(
    const uint32_t *sources, uint64_t first, size_t count, uint64_t limit, uint32_t key0,
    uint32_t key1, size_t nodes, const uint32_t *sieve, uint64_t *edges);

/// Finds the nodes of a row whose number is below `limit`.
///
/// `first` is a multiple of 64. `nodes` and `numbers` get them in ascending order, and have room for `count`.
/// Their elements of `offsets` are fetched. Returns how many they are.
size_t mrs_labor_candidates(
    uint64_t first, size_t count, uint32_t limit, uint32_t key0, uint32_t key1,
    const uint64_t *offsets, uint32_t *nodes, uint32_t *numbers);

/// The out-edges of some nodes: those of node `i` are `entries[offsets[i]]` up to that of the next, in the low
/// half the list that an edge is in, in the high half its position there. They come by ascending length of
/// these lists, so that the limits never grow.
struct mrs_out_edges {
    const uint64_t *offsets, *entries;
    /// Below which number an edge of a list is kept, less than 2^31; the top bit is set where the list is not
    /// looked at.
    const uint32_t *limits;
};

#define MRS_LIST_IS_ABSENT 0x80000000u

/// Fetches the first out-edges of some nodes.
void mrs_labor_fetch(const struct mrs_out_edges *edges, const uint32_t *nodes, size_t count);

/// How far a walk has come: to an entry of a candidate; both are 0 at the beginning, and `candidate` is
/// the number of candidates at the end.
struct mrs_walk_place {
    size_t candidate;
    uint64_t entry;
};

/// Copies those entries of the candidates to `found` whose list is looked at and keeps the candidate.
///
/// Returns how many, at most `room`, which is at least 8. Where the place is not the end there may be more.
size_t mrs_labor_walk(
    const struct mrs_out_edges *edges, const uint32_t *nodes, const uint32_t *numbers, size_t count,
    struct mrs_walk_place *place, uint64_t *found, size_t room);

/// The same for processors without AVX-512, so that tests can compare it wherever they run.
size_t mrs_labor_walk_baseline(
    const struct mrs_out_edges *edges, const uint32_t *nodes, const uint32_t *numbers, size_t count,
    struct mrs_walk_place *place, uint64_t *found, size_t room);

#endif
