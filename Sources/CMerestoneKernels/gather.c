#include "include/gather.h"

#include "clones.h"
#include "place.h"

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

// About 8 KiB of rows in flight, at most 32 cache lines of one row: a longer row is fetched by the
// processor itself once its start is being read.
enum { LINE_BYTES = 64, MAXIMUM_LINES = 32, LINES_AHEAD = 128, RING = 32 };

void mrs_gather_rows(
    const struct mrs_row_table *table, const uint64_t *ids, size_t count, float *out) {
    static void (*const widen[])(const uint8_t *restrict, size_t, float *restrict) = {
        widen_u8, widen_u16, widen_u32, widen_u64, widen_i32, widen_i64, widen_f16, copy_f32, widen_f64,
    };
    static const size_t sizes[] = {1, 2, 4, 8, 4, 8, 2, 4, 8};
    size_t width = table->width;
    size_t row_bytes = width * sizes[table->element];
    size_t lines = row_bytes / LINE_BYTES + 1;
    if (lines > MAXIMUM_LINES) lines = MAXIMUM_LINES;
    size_t ahead = LINES_AHEAD / lines;
    if (ahead > RING) ahead = RING;
    const uint8_t *waiting[RING];
    size_t shard = 0;
    for (size_t i = 0; i < count + ahead; i++) {
        if (i >= ahead) {
            size_t place = i - ahead;
            widen[table->element](waiting[place % RING], width, out + place * width);
        }
        if (i < count) {
            uint64_t id = ids[i];
            if (id < table->bounds[shard] || id >= table->bounds[shard + 1]) {
                shard = shard_of(table->bounds, table->shards, id);
            }
            const uint8_t *row =
                (const uint8_t *)table->parts[shard] + (id - table->bounds[shard]) * row_bytes;
            waiting[i % RING] = row;
            for (size_t line = 0; line < lines; line++) {
                __builtin_prefetch(row + line * LINE_BYTES, 0, 1);
            }
        }
    }
}
