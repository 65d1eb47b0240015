#ifndef CMERESTONE_GATHER_H
#define CMERESTONE_GATHER_H

#include "prefetch.h"
#include <stddef.h>
#include <stdint.h>

/// The type of a table's values, in the order of ElementType in MerestoneStorage.
enum mrs_element {
    MRS_U8, MRS_U16, MRS_U32, MRS_U64, MRS_I32, MRS_I64, MRS_F16, MRS_F32, MRS_F64
};

/// Copies rows of a table and widens (or rounds) their values to float, fetching the next rows
/// while one is copied.
///
/// `table` has rows of `width` little-endian values at any alignment. Row `rows[i]` of it (row `i`
/// where `rows` is null) becomes row `places[i]` of `out` (row `i` where `places` is null), for
/// `i` in `0..<count`. Nothing is checked.
void mrs_gather_rows(
    const void *table, int32_t element, size_t width, const uint64_t *rows,
    const uint64_t *places, size_t count, float *out);

#endif
