#ifndef CMERESTONE_DROPOUT_H
#define CMERESTONE_DROPOUT_H

#include <stddef.h>
#include <stdint.h>

/// Inverted dropout of row-major rows: `y = word >= threshold ? x * scale : 0`, where `word` of
/// column `c` is word `c % 4` of Philox4x32-10 with key (`key0`, `key1`) and counter
/// (low and high half of the row's entity, `c / 4`, 0). `y` and `x` may be the same memory.
void mrs_dropout_rows(
    float *y, const float *x, size_t rows, size_t columns, const uint64_t *entities,
    uint32_t key0, uint32_t key1, uint32_t threshold, float scale);

#endif
