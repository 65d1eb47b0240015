#ifndef CMERESTONE_GATHER_H
#define CMERESTONE_GATHER_H

#include "prefetch.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// The type of a table's values, in the order of ElementType in MerestoneStorage.
enum mrs_element {
    MRS_U8, MRS_U16, MRS_U32, MRS_U64, MRS_I32, MRS_I64, MRS_F16, MRS_F32, MRS_F64
};

/// A table of rows that lies in parts: rows `bounds[s]..<bounds[s + 1]` are in part `s`.
struct mrs_row_table {
    /// `shards + 1` ascending numbers.
    const uint64_t *bounds;
    /// Where each part's rows lie, at any alignment; anything for a part without rows.
    const void *const *parts;
    size_t shards;
    int32_t element;
    /// Values in a row, little-endian.
    size_t width;
};

/// Copies rows of a table and widens (or rounds) their values to float, fetching the next rows
/// while one is copied.
///
/// Row `ids[i]` becomes row `places[i]` of `out`, or row `i` without places, for `i` in `0..<count`.
/// Nothing is checked. `past_caches`
/// writes rows that are floats already straight to memory, for more rows than the caches hold: the
/// old contents of `out` are not read, and what the caches hold stays.
void mrs_gather_rows(
    const struct mrs_row_table *table, const uint64_t *ids, const uint32_t *places, size_t count,
    bool past_caches, float *out);

#endif
