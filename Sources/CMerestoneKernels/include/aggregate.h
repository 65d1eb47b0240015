#ifndef CMERESTONE_AGGREGATE_H
#define CMERESTONE_AGGREGATE_H

#include <stddef.h>
#include <stdint.h>

/// What becomes of the rows that are there.
enum mrs_aggregation { MRS_REPLACE, MRS_ADD, MRS_CONTINUE };

/// Weighted sums of rows along the edges of a compressed block, for output rows
/// `first ..< last`:
///
///     sum[r] = self[r] * x[r] + sum over e in indptr[r] ..< indptr[r + 1], ascending,
///              of edge[e] * x[indices[e]]
///     out[r] = scale[r] * sum[r]              (MRS_REPLACE)
///     out[r] = out[r] + scale[r] * sum[r]     (MRS_ADD)
///
/// With MRS_CONTINUE, `sum[r]` begins with `out[r]` in the place of the self term, and replaces it:
/// a list that is summed part by part gives the bits that it gives at once.
///
/// All matrices are row-major with `columns` columns. `edge` and `scale` may be NULL (all ones),
/// `self` may be NULL (all zeros); rows from `self_count` on have no self term. Products and sums
/// are rounded one by one (no fused multiply-add), so every instruction set gives the same bits.
void mrs_aggregate_rows(
    float *restrict out, const float *restrict x, size_t columns,
    const int64_t *restrict indptr, const uint32_t *restrict indices,
    const float *restrict edge, const float *restrict self, size_t self_count,
    const float *restrict scale, size_t first, size_t last, enum mrs_aggregation mode);

#endif
