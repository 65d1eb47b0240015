#ifndef CMERESTONE_PLACE_H
#define CMERESTONE_PLACE_H

#include "include/sample.h"

struct place {
    size_t bucket;
    uint32_t offset;
};

/// Neighbouring keys mostly share a shard, so that of the key before, `*shard`, is tried first.
static inline __attribute__((always_inline)) struct place place_of(const struct mrs_buckets *cut, uint64_t key, size_t *shard) {
    size_t s = *shard;
    if (__builtin_expect(key < cut->bounds[s] || key >= cut->bounds[s + 1], 0)) {
        size_t lower = 0, upper = cut->shards;
        while (upper - lower > 1) {
            size_t middle = (lower + upper) / 2;
            if (cut->bounds[middle] <= key) lower = middle; else upper = middle;
        }
        *shard = s = lower;
    }
    uint64_t local = key - cut->bounds[s];
    struct place place;
    place.bucket = (size_t)(cut->firsts[s] + (local >> cut->shift));
    place.offset = (uint32_t)(local & (((uint64_t)1 << cut->shift) - 1));
    return place;
}

#endif
