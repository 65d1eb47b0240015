#ifndef CMERESTONE_PACKED_H
#define CMERESTONE_PACKED_H

#include <stddef.h>
#include <stdint.h>

/// Bits before a packed page's values, and bytes behind them: a value can be read as one 64-bit word
/// wherever it lies.
enum { MRS_PACKED_PREFIX = 16, MRS_PACKED_SUFFIX = 8 };

/// Writes `ids[i] - base` with `bits` bits each, value `i` at bit `i * bits`, little-endian.
/// `bits` is 0...57 or 64. `values` has room for `count * bits` bits and 8 bytes more, all zero.
void mrs_pack_u64(
    const uint64_t *ids, size_t count, uint64_t base, uint32_t bits, uint8_t *values);

/// Reads them again.
void mrs_unpack_u64(
    const uint8_t *values, size_t count, uint64_t base, uint32_t bits, uint64_t *ids);
void mrs_unpack_u32(
    const uint8_t *values, size_t count, uint64_t base, uint32_t bits, uint32_t *ids);

#endif
