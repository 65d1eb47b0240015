#include "include/dropout.h"

#include "clones.h"

#include <string.h>

/// Four counters side by side; each lane keeps a 32-bit word in its lower half, and whatever
/// stands in the upper half is masked off where it would count.
typedef uint64_t lanes __attribute__((vector_size(32)));
typedef uint32_t words8 __attribute__((vector_size(32)));
typedef float floats8 __attribute__((vector_size(32)));

enum { COUNTERS = 8, COLUMNS = 4 * COUNTERS };

MRS_CLONES
void mrs_dropout_rows(
    float *y, const float *x, size_t rows, size_t columns, const uint64_t *entities,
    uint32_t key0, uint32_t key1, uint32_t threshold, float scale) {
    const uint64_t low = 0xFFFFFFFFu;
    for (size_t row = 0; row < rows; row++) {
        const uint64_t entity = entities[row];
        for (size_t column = 0; column < columns; column += COLUMNS) {
            const uint64_t number = column / 4;
            lanes a0 = {0}, a1 = {0}, a3 = {0}, b3 = {0};
            a0 += entity & low;
            a1 += entity >> 32;
            lanes b0 = a0, b1 = a1;
            lanes a2 = {number, number + 1, number + 2, number + 3};
            lanes b2 = a2 + 4;
            uint32_t k0 = key0, k1 = key1;
            for (int round = 0; round < 10; round++) {
                const lanes ap = (a0 & low) * 0xD2511F53u, aq = (a2 & low) * 0xCD9E8D57u;
                const lanes bp = (b0 & low) * 0xD2511F53u, bq = (b2 & low) * 0xCD9E8D57u;
                a0 = (aq >> 32) ^ a1 ^ (uint64_t)k0;
                b0 = (bq >> 32) ^ b1 ^ (uint64_t)k0;
                a2 = (ap >> 32) ^ a3 ^ (uint64_t)k1;
                b2 = (bp >> 32) ^ b3 ^ (uint64_t)k1;
                a1 = aq;
                b1 = bq;
                a3 = ap;
                b3 = bp;
                k0 += 0x9E3779B9u;
                k1 += 0xBB67AE85u;
            }
            const lanes af = (a0 & low) | (a1 << 32), as = (a2 & low) | (a3 << 32);
            const lanes bf = (b0 & low) | (b1 << 32), bs = (b2 & low) | (b3 << 32);
            const lanes word[4] = {
                __builtin_shufflevector(af, as, 0, 4, 1, 5),
                __builtin_shufflevector(af, as, 2, 6, 3, 7),
                __builtin_shufflevector(bf, bs, 0, 4, 1, 5),
                __builtin_shufflevector(bf, bs, 2, 6, 3, 7),
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
                const words8 kept = (words8)((words8)word[part] >= threshold);
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
