#include "include/aggregate.h"

#include "include/prefetch.h"
#include "clones.h"

#pragma STDC FP_CONTRACT OFF

enum { CHUNK = 64, PREFETCH_EDGES = 6, LINE_FLOATS = 16 };

MRS_CLONES
void mrs_aggregate_rows(
    float *restrict out, const float *restrict x, size_t columns,
    const int64_t *restrict indptr, const uint32_t *restrict indices,
    const float *restrict edge, const float *restrict self, size_t self_count,
    const float *restrict scale, size_t first, size_t last, enum mrs_aggregation mode) {
    const int64_t end = indptr[last];
    for (size_t row = first; row < last; row++) {
        const int64_t from = indptr[row], to = indptr[row + 1];
        const float row_scale = scale ? scale[row] : 1.0f;
        const float self_weight = self && row < self_count ? self[row] : 0.0f;
        const int has_self = self && row < self_count;
        float *restrict y = out + row * columns;
        for (int64_t e = from; e < to; e++) {
            if (e + PREFETCH_EDGES >= end) break;
            const float *next = x + (size_t)indices[e + PREFETCH_EDGES] * columns;
            for (size_t j = 0; j < columns; j += LINE_FLOATS) mrs_prefetch(next + j);
        }
        size_t j = 0;
        for (; j + CHUNK <= columns; j += CHUNK) {
            float sum[CHUNK];
            if (mode == MRS_CONTINUE) {
                for (int i = 0; i < CHUNK; i++) sum[i] = y[j + i];
            } else if (has_self) {
                const float *restrict v = x + row * columns + j;
                for (int i = 0; i < CHUNK; i++) sum[i] = self_weight * v[i];
            } else {
                for (int i = 0; i < CHUNK; i++) sum[i] = 0.0f;
            }
            if (edge) {
                for (int64_t e = from; e < to; e++) {
                    const float *restrict v = x + (size_t)indices[e] * columns + j;
                    const float c = edge[e];
                    for (int i = 0; i < CHUNK; i++) sum[i] += c * v[i];
                }
            } else {
                for (int64_t e = from; e < to; e++) {
                    const float *restrict v = x + (size_t)indices[e] * columns + j;
                    for (int i = 0; i < CHUNK; i++) sum[i] += v[i];
                }
            }
            if (mode == MRS_ADD) {
                for (int i = 0; i < CHUNK; i++) y[j + i] += row_scale * sum[i];
            } else {
                for (int i = 0; i < CHUNK; i++) y[j + i] = row_scale * sum[i];
            }
        }
        const size_t rest = columns - j;
        if (rest == 0) continue;
        float sum[CHUNK];
        for (size_t i = 0; i < rest; i++) {
            sum[i] = mode == MRS_CONTINUE ? y[j + i]
                     : has_self           ? self_weight * x[row * columns + j + i]
                                          : 0.0f;
        }
        for (int64_t e = from; e < to; e++) {
            const float *restrict v = x + (size_t)indices[e] * columns + j;
            const float c = edge ? edge[e] : 1.0f;
            for (size_t i = 0; i < rest; i++) sum[i] += c * v[i];
        }
        for (size_t i = 0; i < rest; i++) {
            const float value = row_scale * sum[i];
            y[j + i] = mode == MRS_ADD ? y[j + i] + value : value;
        }
    }
}
