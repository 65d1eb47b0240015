#include "include/gather.h"

#include "clones.h"

#include <string.h>

// Exact for every half-precision number: the exponent is moved by a multiplication, so that
// subnormal numbers come out right too.
static inline float widen_half(uint16_t half) {
    uint32_t magnitude = (uint32_t)(half & 0x7FFF) << 13;
    float scaled;
    memcpy(&scaled, &magnitude, 4);
    scaled *= 0x1p112f;
    uint32_t bits;
    memcpy(&bits, &scaled, 4);
    bits |= (half & 0x7C00) == 0x7C00 ? 0x7F800000u : 0;
    bits |= (uint32_t)(half & 0x8000) << 16;
    float value;
    memcpy(&value, &bits, 4);
    return value;
}

#define AS_FLOAT(value) ((float)(value))

#define WIDEN(NAME, TYPE, CONVERT)                                                        \
    MRS_CLONES static void NAME(const uint8_t *restrict from, size_t width, float *restrict to) { \
        for (size_t i = 0; i < width; i++) {                                              \
            TYPE value;                                                                   \
            memcpy(&value, from + i * sizeof value, sizeof value);                        \
            to[i] = CONVERT(value);                                                       \
        }                                                                                 \
    }

WIDEN(widen_u8, uint8_t, AS_FLOAT)
WIDEN(widen_u16, uint16_t, AS_FLOAT)
WIDEN(widen_u32, uint32_t, AS_FLOAT)
WIDEN(widen_u64, uint64_t, AS_FLOAT)
WIDEN(widen_i32, int32_t, AS_FLOAT)
WIDEN(widen_i64, int64_t, AS_FLOAT)
WIDEN(widen_f16, uint16_t, widen_half)
WIDEN(widen_f64, double, AS_FLOAT)

static void copy_f32(const uint8_t *restrict from, size_t width, float *restrict to) {
    memcpy(to, from, width * sizeof(float));
}

// About 4 KiB of rows in flight, at most 32 cache lines of one row: a longer row is fetched by the
// processor itself once its start is being read.
enum { LINE_BYTES = 64, MAXIMUM_LINES = 32, LINES_AHEAD = 64, MAXIMUM_ROWS_AHEAD = 32 };

void mrs_gather_rows(
    const void *table, int32_t element, size_t width, const uint64_t *rows,
    const uint64_t *places, size_t count, float *out) {
    static void (*const widen[])(const uint8_t *restrict, size_t, float *restrict) = {
        widen_u8, widen_u16, widen_u32, widen_u64, widen_i32, widen_i64, widen_f16, copy_f32, widen_f64,
    };
    static const size_t sizes[] = {1, 2, 4, 8, 4, 8, 2, 4, 8};
    const uint8_t *base = table;
    size_t row_bytes = width * sizes[element];
    size_t lines = row_bytes / LINE_BYTES + 1;
    if (lines > MAXIMUM_LINES) lines = MAXIMUM_LINES;
    size_t ahead = LINES_AHEAD / lines;
    if (ahead > MAXIMUM_ROWS_AHEAD) ahead = MAXIMUM_ROWS_AHEAD;
    for (size_t i = 0; i < count; i++) {
        if (rows && i + ahead < count) {
            const uint8_t *next = base + rows[i + ahead] * row_bytes;
            for (size_t line = 0; line < lines; line++) {
                __builtin_prefetch(next + line * LINE_BYTES, 0, 1);
            }
        }
        const uint8_t *from = base + (rows ? rows[i] : i) * row_bytes;
        widen[element](from, width, out + (places ? places[i] : i) * width);
    }
}
