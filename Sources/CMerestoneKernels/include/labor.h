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

#endif
