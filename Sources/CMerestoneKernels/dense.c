#include "include/dense.h"

#include "clones.h"

#include <string.h>

#pragma STDC FP_CONTRACT OFF

MRS_CLONES
void mrs_relu_gradient_rows(
    float *restrict gradient, const float *restrict output, float scale, size_t rows,
    size_t columns, float *restrict sums) {
    memset(sums, 0, columns * sizeof *sums);
    for (size_t row = 0; row < rows; row++) {
        float *restrict g = gradient + row * columns;
        const float *restrict y = output + row * columns;
        for (size_t j = 0; j < columns; j++) {
            const float scaled = g[j] * scale;
            const float value = y[j] > 0 ? scaled : 0.0f;
            g[j] = value;
            sums[j] += value;
        }
    }
}

MRS_CLONES
void mrs_column_sums(
    const float *restrict matrix, size_t rows, size_t columns, float *restrict sums) {
    memset(sums, 0, columns * sizeof *sums);
    for (size_t row = 0; row < rows; row++) {
        for (size_t j = 0; j < columns; j++) sums[j] += matrix[row * columns + j];
    }
}
