#include "include/labor.h"

#include "clones.h"
#include "philox.h"

#include <string.h>

/// Which lanes' first 64-bit words are below the limit, as all bits or none.
INLINE u32v below(u32v source, uint64_t limit, uint32_t key0, uint32_t key1) {
    u32v words[4];
    philox(source, 0, key0, key1, words);
    const u32v low = (u32v){} + (uint32_t)limit, high = (u32v){} + (uint32_t)(limit >> 32);
    return (u32v)(words[1] < high) | ((u32v)(words[1] == high) & (u32v)(words[0] < low));
}

INLINE size_t keep(
    const uint32_t *sources, uint64_t first, size_t count, uint64_t limit, uint32_t key0,
    uint32_t key1, uint64_t *edges) {
    size_t kept = 0, i = 0;
    for (; i + MRS_PICK_LANES <= count; i += MRS_PICK_LANES) {
        u32v source, flags;
        memcpy(&source, sources + i, sizeof source);
        flags = below(source, limit, key0, key1);
        // Of long lists few sources are kept.
        if (!__builtin_reduce_or(flags)) continue;
        uint32_t lanes[MRS_PICK_LANES];
        memcpy(lanes, &flags, sizeof lanes);
        for (size_t lane = 0; lane < MRS_PICK_LANES; lane++) {
            edges[kept] = first + i + lane;
            kept += lanes[lane] & 1;
        }
    }
    if (i < count) {
        uint32_t lanes[MRS_PICK_LANES] = {0};
        for (size_t lane = 0; i + lane < count; lane++) lanes[lane] = sources[i + lane];
        u32v source, flags;
        memcpy(&source, lanes, sizeof source);
        flags = below(source, limit, key0, key1);
        memcpy(lanes, &flags, sizeof lanes);
        for (size_t lane = 0; i + lane < count; lane++) {
            edges[kept] = first + i + lane;
            kept += lanes[lane] & 1;
        }
    }
    return kept;
}

MRS_CLONES size_t mrs_labor_keep(
    const uint32_t *sources, uint64_t first, size_t count, uint64_t limit, uint32_t key0,
    uint32_t key1, uint64_t *edges) {
    return keep(sources, first, count, limit, key0, key1, edges);
}

size_t mrs_labor_keep_baseline(
    const uint32_t *sources, uint64_t first, size_t count, uint64_t limit, uint32_t key0,
    uint32_t key1, uint64_t *edges) {
    return keep(sources, first, count, limit, key0, key1, edges);
}

// MARK: Classes

typedef int32_t i32v __attribute__((vector_size(4 * MRS_PICK_LANES)));
typedef float f32v __attribute__((vector_size(4 * MRS_PICK_LANES)));
typedef uint8_t u8v __attribute__((vector_size(MRS_PICK_LANES)));

enum { CLASS_BITS = 3, HIGHEST_CLASS = 255 };

/// The classes of words by their upper halves: the binary exponent and the next three bits, which a
/// conversion to floating point brings together. Words of the lowest exponents share the highest
/// class.
INLINE u32v classes_of(u32v high) {
    // One bit less, since only signed numbers are converted by every processor, and none where
    // rounding would carry into those that count.
    u32v cut = high >> 1;
    cut &= ~(cut >> (CLASS_BITS + 2));
    f32v number = __builtin_convertvector((i32v)cut, f32v);
    u32v bits;
    memcpy(&bits, &number, sizeof bits);
    const uint32_t largest = ((127 + 31) << CLASS_BITS) - 1;
    u32v class = largest - (bits >> (23 - CLASS_BITS));
    return __builtin_elementwise_min(class, (u32v){} + HIGHEST_CLASS);
}

INLINE void classify(size_t count, uint32_t key0, uint32_t key1, uint8_t *classes) {
    u32v node;
    for (uint32_t lane = 0; lane < MRS_PICK_LANES; lane++) node[lane] = lane;
    for (size_t i = 0; i < count; i += MRS_PICK_LANES, node += MRS_PICK_LANES) {
        u32v words[4];
        philox(node, 0, key0, key1, words);
        u8v bytes = __builtin_convertvector(classes_of(words[1]), u8v);
        size_t left = count - i;
        memcpy(classes + i, &bytes, left < MRS_PICK_LANES ? left : MRS_PICK_LANES);
    }
}

MRS_CLONES void mrs_labor_classify(size_t count, uint32_t key0, uint32_t key1, uint8_t *classes) {
    classify(count, key0, key1, classes);
}

INLINE size_t keep_classified(
    const uint32_t *sources, uint64_t first, size_t count, uint64_t limit, uint32_t key0,
    uint32_t key1, const uint8_t *classes, uint64_t *edges) {
    // The class of the largest word that is below the limit.
    uint8_t last = (uint8_t)classes_of((u32v){} + (uint32_t)((limit - 1) >> 32))[0];
    size_t candidates = 0, kept = 0;
    for (size_t i = 0; i < count; i++) {
        edges[candidates] = i;
        candidates += classes[sources[i]] >= last;
    }
    for (size_t candidate = 0; candidate < candidates; candidate++) {
        uint64_t i = edges[candidate];
        edges[kept] = first + i;
        int is_below = 1;
        if (classes[sources[i]] == last) {
            uint32_t words[4];
            philox_plain(sources[i], 0, key0, key1, words);
            is_below = (words[0] | (uint64_t)words[1] << 32) < limit;
        }
        kept += (size_t)is_below;
    }
    return kept;
}

MRS_CLONES size_t mrs_labor_keep_classified(
    const uint32_t *sources, uint64_t first, size_t count, uint64_t limit, uint32_t key0,
    uint32_t key1, const uint8_t *classes, uint64_t *edges) {
    return keep_classified(sources, first, count, limit, key0, key1, classes, edges);
}
