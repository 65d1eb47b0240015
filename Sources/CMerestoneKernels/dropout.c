#include "include/dropout.h"

#include "clones.h"
#include "philox.h"

#include <string.h>

typedef uint32_t words8 __attribute__((vector_size(32)));
typedef float floats8 __attribute__((vector_size(32)));

/// A counter in each lane of a vector gives four columns.
enum { COUNTERS = sizeof(u64v) / sizeof(uint64_t), COLUMNS = 4 * COUNTERS };

MRS_CLONES
void mrs_dropout_rows(
    float *y, const float *x, size_t rows, size_t columns, const uint64_t *entities,
    uint32_t key0, uint32_t key1, uint32_t threshold, float scale) {
    const uint64_t low = 0xFFFFFFFFu;
    for (size_t row = 0; row < rows; row++) {
        const uint64_t entity = entities[row];
        for (size_t column = 0; column < columns; column += COLUMNS) {
            const uint64_t number = column / 4;
            u64v c[4] = {};
            c[0] += entity & low;
            c[1] += entity >> 32;
            for (uint64_t counter = 0; counter < COUNTERS; counter++) c[2][counter] = number + counter;
            uint32_t k0 = key0, k1 = key1;
#pragma unroll
            for (int round = 0; round < ROUNDS; round++) {
                philox_round(c, k0, k1);
                k0 += W0;
                k1 += W1;
            }
            const u64v first = (c[0] & low) | (c[1] << 32), second = (c[2] & low) | (c[3] << 32);
            const words8 word[4] = {
                (words8)__builtin_shufflevector(first, second, 0, 8, 1, 9),
                (words8)__builtin_shufflevector(first, second, 2, 10, 3, 11),
                (words8)__builtin_shufflevector(first, second, 4, 12, 5, 13),
                (words8)__builtin_shufflevector(first, second, 6, 14, 7, 15),
            };
            const size_t here = columns - column < COLUMNS ? columns - column : COLUMNS;
            const float *from = x + row * columns + column;
            float *to = y + row * columns + column;
            float values[COLUMNS];
            if (here == COLUMNS) {
                memcpy(values, from, sizeof values);
            } else {
                memset(values, 0, sizeof values);
                memcpy(values, from, here * sizeof *values);
            }
            for (int part = 0; part < 4; part++) {
                floats8 value;
                memcpy(&value, values + 8 * part, sizeof value);
                const words8 kept = (words8)(word[part] >= threshold);
                const words8 result = (words8)(value * scale) & kept;
                memcpy(values + 8 * part, &result, sizeof result);
            }
            if (here == COLUMNS) {
                memcpy(to, values, sizeof values);
            } else {
                memcpy(to, values, here * sizeof *values);
            }
        }
    }
}
