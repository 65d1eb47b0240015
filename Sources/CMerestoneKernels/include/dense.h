#ifndef CMERESTONE_DENSE_H
#define CMERESTONE_DENSE_H

#include <stddef.h>

/// The gradient of relu followed by dropout, in place, with the column sums that a bias needs:
/// `gradient = output > 0 ? gradient * scale : 0`, then `sums[j] = ` the sum of column `j` from
/// the first row to the last. Both matrices are row-major.
void mrs_relu_gradient_rows(
    float *restrict gradient, const float *restrict output, float scale, size_t rows,
    size_t columns, float *restrict sums);

/// `sums[j] = ` the sum of column `j` of a row-major matrix, from the first row to the last.
void mrs_column_sums(
    const float *restrict matrix, size_t rows, size_t columns, float *restrict sums);

#endif
