#ifndef CMERESTONE_PHILOX_H
#define CMERESTONE_PHILOX_H

#include "clones.h"
#include "include/sample.h"

// Wide vectors are only passed between functions that are inlined, so no calling convention is met.
#pragma clang diagnostic ignored "-Wpsabi"

typedef uint32_t u32v __attribute__((vector_size(4 * MRS_PICK_LANES)));
typedef uint64_t u64v __attribute__((vector_size(4 * MRS_PICK_LANES)));

static const uint32_t M0 = 0xD2511F53, M1 = 0xCD9E8D57, W0 = 0x9E3779B9, W1 = 0xBB67AE85;
enum { ROUNDS = 10 };

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

/// Philox4x32-10 with the counter (`entity`, 0, `number`, 0), one lane per entity.
INLINE void philox(u32v entity, uint32_t number, uint32_t key0, uint32_t key1, u32v words[4]) {
    const u32v m0 = (u32v){} + M0, m1 = (u32v){} + M1;
    u32v c0 = entity, c1 = (u32v){}, c2 = (u32v){} + number, c3 = (u32v){};
#pragma unroll
    for (int round = 0; round < ROUNDS; round++) {
        struct halves p0 = multiply(c0, m0), p1 = multiply(c2, m1);
        c0 = p1.high ^ c1 ^ key0;
        c1 = p1.low;
        c2 = p0.high ^ c3 ^ key1;
        c3 = p0.low;
        key0 += W0;
        key1 += W1;
    }
    words[0] = c0;
    words[1] = c1;
    words[2] = c2;
    words[3] = c3;
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
