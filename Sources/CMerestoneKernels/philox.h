#ifndef CMERESTONE_PHILOX_H
#define CMERESTONE_PHILOX_H

#include "clones.h"
#include "include/sample.h"

// Wide vectors are only passed between functions that are inlined, so no calling convention is met.
#pragma clang diagnostic ignored "-Wpsabi"

typedef uint32_t u32v __attribute__((vector_size(4 * MRS_PICK_LANES)));
typedef uint64_t u64v __attribute__((vector_size(4 * MRS_PICK_LANES)));

/// Lists up to this length are drawn from with 32-bit words.
static const uint64_t NARROW_LIMIT = 1 << 16;

static const uint32_t M0 = 0xD2511F53, M1 = 0xCD9E8D57, W0 = 0x9E3779B9, W1 = 0xBB67AE85;
enum { ROUNDS = 10 };

/// Puts a value in its place among `count` ascending ones, lane by lane; nothing branches on them.
INLINE void insert_ascending(u32v *values, uint32_t count, u32v value) {
    for (uint32_t i = 0; i < count; i++) {
        u32v smaller = __builtin_elementwise_min(values[i], value);
        value = __builtin_elementwise_max(values[i], value);
        values[i] = smaller;
    }
    values[count] = value;
}

/// The two halves of the 64-bit products of 32-bit lanes.
struct halves {
    u32v low, high;
};

/// Multiplies even and odd lanes apart, as the hardware does.
INLINE struct halves multiply(u32v a, u32v b) {
    const u64v low_mask = (u64v){} + 0xFFFFFFFFu;
    u64v x = (u64v)a, y = (u64v)b;
    u64v even = (x & low_mask) * (y & low_mask);
    u64v odd = (x >> 32) * (y >> 32);
    struct halves halves;
    halves.low = (u32v)((even & low_mask) | (odd << 32));
    halves.high = (u32v)((even >> 32) | (odd & ~low_mask));
    return halves;
}

/// A round of Philox4x32 of a counter in every 64-bit lane, whose words are the low halves of `c`.
///
/// What products leave in the high halves is only ever added to high halves, which multiplication
/// leaves out: nothing is masked or shuffled before the end.
INLINE void philox_round(u64v c[4], uint32_t key0, uint32_t key1) {
    const u64v low = (u64v){} + 0xFFFFFFFFu;
    u64v a = (c[0] & low) * M0, b = (c[2] & low) * M1;
    c[0] = (b >> 32) ^ c[1] ^ (uint64_t)key0;
    c[1] = b;
    c[2] = (a >> 32) ^ c[3] ^ (uint64_t)key1;
    c[3] = a;
}

/// Philox4x32-10 with the counter (`entity`, 0, `number`, 0), one lane per entity. Even and odd lanes
/// go their way apart and meet at the end.
INLINE void philox(u32v entity, uint32_t number, uint32_t key0, uint32_t key1, u32v words[4]) {
    const u64v low = (u64v){} + 0xFFFFFFFFu, zero = {};
    u64v even[4] = {(u64v)entity & low, zero, zero + number, zero};
    u64v odd[4] = {(u64v)entity >> 32, zero, zero + number, zero};
#pragma unroll
    for (int round = 0; round < ROUNDS; round++) {
        philox_round(even, key0, key1);
        philox_round(odd, key0, key1);
        key0 += W0;
        key1 += W1;
    }
    for (int i = 0; i < 4; i++) words[i] = (u32v)((even[i] & low) | (odd[i] << 32));
}

/// The same for one entity.
INLINE void philox_plain(
    uint32_t entity, uint32_t number, uint32_t key0, uint32_t key1, uint32_t words[4]) {
    uint32_t c0 = entity, c1 = 0, c2 = number, c3 = 0;
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t p0 = (uint64_t)c0 * M0, p1 = (uint64_t)c2 * M1;
        c0 = (uint32_t)(p1 >> 32) ^ c1 ^ key0;
        c1 = (uint32_t)p1;
        c2 = (uint32_t)(p0 >> 32) ^ c3 ^ key1;
        c3 = (uint32_t)p0;
        key0 += W0;
        key1 += W1;
    }
    words[0] = c0;
    words[1] = c1;
    words[2] = c2;
    words[3] = c3;
}

#endif
