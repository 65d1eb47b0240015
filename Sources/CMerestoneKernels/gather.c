#include "include/gather.h"

#include "include/prefetch.h"
#include "clones.h"
#include "place.h"

#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

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

typedef uint8_t block __attribute__((vector_size(32)));
typedef uint8_t half_block __attribute__((vector_size(16)));

/// Writes a row straight to memory. `to` and `bytes` are multiples of half a block.
INLINE void put_row(uint8_t *to, const uint8_t *row, size_t bytes) {
    block values;
    half_block half;
    if ((uintptr_t)to % sizeof values != 0 && bytes > 0) {
        memcpy(&half, row, sizeof half);
        __builtin_nontemporal_store(half, (half_block *)to);
        row += sizeof half;
        to += sizeof half;
        bytes -= sizeof half;
    }
    for (; bytes >= sizeof values; bytes -= sizeof values) {
        memcpy(&values, row, sizeof values);
        __builtin_nontemporal_store(values, (block *)to);
        row += sizeof values;
        to += sizeof values;
    }
    if (bytes > 0) {
        memcpy(&half, row, sizeof half);
        __builtin_nontemporal_store(half, (half_block *)to);
    }
}

// Rows in flight: as many cache lines as a core can wait for, and not many more. Of a longer row the
// processor fetches the rest itself once its start is being read.
enum { LINE_BYTES = 64, MAXIMUM_LINES = 16, LINES_AHEAD = 64, RING = 32 };

/// A loop would take a third longer.
INLINE void fetch_lines(const uint8_t *row, size_t lines) {
#define FETCH(LINE) \
    case LINE + 1: mrs_prefetch(row + (LINE) * LINE_BYTES); __attribute__((fallthrough));
    switch (lines) {
        FETCH(15) FETCH(14) FETCH(13) FETCH(12) FETCH(11) FETCH(10) FETCH(9) FETCH(8)
        FETCH(7) FETCH(6) FETCH(5) FETCH(4) FETCH(3) FETCH(2) FETCH(1) FETCH(0)
        default: break;
    }
#undef FETCH
}

INLINE void gather_rows(
    const struct mrs_row_table *table, const uint64_t *ids, const uint32_t *places, size_t count,
    bool past_caches, float *out) {
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
            const uint8_t *row = waiting[(i - ahead) % RING];
            float *to = out + (places ? places[i - ahead] : i - ahead) * width;
            if (past_caches) {
                put_row((uint8_t *)to, row, row_bytes);
            } else {
                widen[table->element](row, width, to);
            }
        }
        if (i < count) {
            uint64_t id = ids[i];
            if (id < table->bounds[shard] || id >= table->bounds[shard + 1]) {
                shard = shard_of(table->bounds, table->shards, id);
            }
            const uint8_t *row =
                (const uint8_t *)table->parts[shard] + (id - table->bounds[shard]) * row_bytes;
            waiting[i % RING] = row;
            fetch_lines(row, lines);
        }
    }
}

MRS_CLONES static void gather_past_caches(
    const struct mrs_row_table *table, const uint64_t *ids, size_t count, float *out) {
    gather_rows(table, ids, NULL, count, true, out);
}

void mrs_gather_rows(
    const struct mrs_row_table *table, const uint64_t *ids, const uint32_t *places, size_t count,
    bool past_caches, float *out) {
    // Where a row does not start and end at half a block, the rest would have to wait for the next.
    past_caches = past_caches && !places && table->element == MRS_F32
        && (uintptr_t)out % sizeof(half_block) == 0
        && table->width * sizeof(float) % sizeof(half_block) == 0;
    if (!past_caches) {
        gather_rows(table, ids, places, count, false, out);
        return;
    }
    gather_past_caches(table, ids, count, out);
    // Such stores are not ordered with those by which another thread is told of the rows.
#ifdef __SSE2__
    _mm_sfence();
#else
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
#endif
}
