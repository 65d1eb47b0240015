#include "include/shuffle.h"

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define MRS_CLONES
#endif
#endif
#if !defined(MRS_CLONES)
#if defined(__x86_64__) && defined(__linux__)
#define MRS_CLONES \
    __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define MRS_CLONES
#endif
#endif

#define MRS_INLINE static inline __attribute__((always_inline))

MRS_CLONES
static void shuffle_plane(const uint64_t *restrict ids, size_t count, unsigned shift,
                          uint8_t *restrict plane) {
    for (size_t i = 0; i < count; i++) plane[i] = (uint8_t)(ids[i] >> shift);
}

void mrs_shuffle_u64(const uint64_t *ids, size_t count, unsigned width, uint8_t *planes) {
    for (unsigned k = 0; k < width; k++) shuffle_plane(ids, count, 8 * k, planes + k * count);
}

// `width` is a constant at each call, so the inner loop unrolls and the outer one vectorises.
MRS_INLINE void join_u32(const uint8_t *restrict planes, size_t count, unsigned width,
                         uint32_t *restrict ids) {
    for (size_t i = 0; i < count; i++) {
        uint32_t id = planes[i];
        for (unsigned k = 1; k < width; k++) id |= (uint32_t)planes[k * count + i] << (8 * k);
        ids[i] = id;
    }
}

MRS_INLINE void join_u64(const uint8_t *restrict planes, size_t count, unsigned width,
                         uint64_t *restrict ids) {
    for (size_t i = 0; i < count; i++) {
        uint64_t id = planes[i];
        for (unsigned k = 1; k < width; k++) id |= (uint64_t)planes[k * count + i] << (8 * k);
        ids[i] = id;
    }
}

MRS_CLONES
void mrs_unshuffle_u32(const uint8_t *planes, size_t count, unsigned width, uint32_t *ids) {
    switch (width) {
    case 1: join_u32(planes, count, 1, ids); break;
    case 2: join_u32(planes, count, 2, ids); break;
    case 3: join_u32(planes, count, 3, ids); break;
    case 4: join_u32(planes, count, 4, ids); break;
    default: break;
    }
}

MRS_CLONES
void mrs_unshuffle_u64(const uint8_t *planes, size_t count, unsigned width, uint64_t *ids) {
    switch (width) {
    case 1: join_u64(planes, count, 1, ids); break;
    case 2: join_u64(planes, count, 2, ids); break;
    case 3: join_u64(planes, count, 3, ids); break;
    case 4: join_u64(planes, count, 4, ids); break;
    case 5: join_u64(planes, count, 5, ids); break;
    case 6: join_u64(planes, count, 6, ids); break;
    case 7: join_u64(planes, count, 7, ids); break;
    case 8: join_u64(planes, count, 8, ids); break;
    default: break;
    }
}

MRS_CLONES
uint32_t mrs_maximum_u32(const uint32_t *ids, size_t count) {
    uint32_t largest = 0;
    for (size_t i = 0; i < count; i++) largest = ids[i] > largest ? ids[i] : largest;
    return largest;
}

MRS_CLONES
uint64_t mrs_maximum_u64(const uint64_t *ids, size_t count) {
    uint64_t largest = 0;
    for (size_t i = 0; i < count; i++) largest = ids[i] > largest ? ids[i] : largest;
    return largest;
}
