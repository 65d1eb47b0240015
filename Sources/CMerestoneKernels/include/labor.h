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

/// Sorts the nodes `0 ..< count` by the size of the same words: one class per node, eight classes for
/// every factor of two, the smaller the word the higher its class.
void mrs_labor_classify(size_t count, uint32_t key0, uint32_t key1, uint8_t *classes);

/// `mrs_labor_keep`, which then computes the words only of those sources whose class is the limit's:
/// a load for an edge instead of Philox. `classes` are those of the same key.
///
/// - Precondition: `limit` is not 0.
size_t mrs_labor_keep_classified(
    const uint32_t *sources, uint64_t first, size_t count, uint64_t limit, uint32_t key0,
    uint32_t key1, const uint8_t *classes, uint64_t *edges);

#endif
