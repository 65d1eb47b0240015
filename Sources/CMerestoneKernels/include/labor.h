#ifndef CMERESTONE_LABOR_H
#define CMERESTONE_LABOR_H

#include <stddef.h>
#include <stdint.h>

/// Keeps the edges of a list whose source's first 64-bit word, Philox4x32-10 with the counter
/// (source, 0, 0, 0), is below `limit`.
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
/// groups of them, have a word below `2^(64 - l)`. `sieve` has `mrs_labor_sieve_words(nodes)`.
void mrs_labor_sift(size_t nodes, uint32_t key0, uint32_t key1, uint32_t *sieve);

/// `mrs_labor_keep`, which then computes the words only of those sources that the sieve of the same key
/// leaves, and of those from `nodes` on: a bit for an edge, mostly in the first cache, instead of Philox.
size_t mrs_labor_keep_sieved(
    const uint32_t *sources, uint64_t first, size_t count, uint64_t limit, uint32_t key0,
    uint32_t key1, size_t nodes, const uint32_t *sieve, uint64_t *edges);

/// The same for processors without AVX2, so that tests can compare it wherever they run.
size_t mrs_labor_keep_sieved_baseline(
    const uint32_t *sources, uint64_t first, size_t count, uint64_t limit, uint32_t key0,
    uint32_t key1, size_t nodes, const uint32_t *sieve, uint64_t *edges);

#endif
