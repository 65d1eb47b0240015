#ifndef CMERESTONE_SHUFFLE_H
#define CMERESTONE_SHUFFLE_H

#include <stddef.h>
#include <stdint.h>

/// Splits `count` ids into `width` (1...8) byte planes: plane k holds byte k of every id, so that
/// `planes[k * count + i]` is bits 8k..<8k+8 of `ids[i]`. Bytes past `width` are dropped.
void mrs_shuffle_u64(const uint64_t *ids, size_t count, unsigned width, uint8_t *planes);

/// Joins `width` (1...4) byte planes of `count` bytes each into 32-bit ids.
void mrs_unshuffle_u32(const uint8_t *planes, size_t count, unsigned width, uint32_t *ids);

/// Joins `width` (1...8) byte planes of `count` bytes each into 64-bit ids.
void mrs_unshuffle_u64(const uint8_t *planes, size_t count, unsigned width, uint64_t *ids);

/// The largest of `count` ids; 0 for none.
uint32_t mrs_maximum_u32(const uint32_t *ids, size_t count);
uint64_t mrs_maximum_u64(const uint64_t *ids, size_t count);

#endif
