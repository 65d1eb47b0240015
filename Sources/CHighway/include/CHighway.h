#ifndef CHIGHWAY_H
#define CHIGHWAY_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Sorts keys ascending, in place and without allocating: Highway's vectorised quicksort, with the
/// instructions that the processor has.
void mrs_sort_u64(uint64_t *keys, size_t count);

/// The same for pairs of words, the lower one first. Shape `[count, 2]`, aligned to 16 bytes.
void mrs_sort_u128(uint64_t *pairs, size_t count);

#ifdef __cplusplus
}
#endif

#endif
