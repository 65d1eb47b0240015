#ifndef CMERESTONE_AGGREGATE_H
#define CMERESTONE_AGGREGATE_H

#include <stddef.h>
#include <stdint.h>

/// Weighted sums of rows along the edges of a compressed block, for output rows
/// `first ..< last`:
///
///     sum[r] = self[r] * x[r] + sum over e in indptr[r] ..< indptr[r + 1], ascending,
///              of edge[e] * x[indices[e]]
///     out[r] = scale[r] * sum[r]              (accumulate == 0)
///     out[r] = out[r] + scale[r] * sum[r]     (accumulate != 0)
///
/// All matrices are row-major with `columns` columns. `edge` and `scale` may be NULL (all ones),
/// `self` may be NULL (all zeros); rows from `self_count` on have no self term. Products and sums
/// are rounded one by one (no fused multiply-add), so every instruction set gives the same bits.
void mrs_aggregate_rows(
    float *restrict out, const float *restrict x, size_t columns,
    const int64_t *restrict indptr, const uint32_t *restrict indices,
    const float *restrict edge, const float *restrict self, size_t self_count,
    const float *restrict scale, size_t first, size_t last, int accumulate);

#endif
