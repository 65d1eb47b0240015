#ifndef CMERESTONE_PLACE_H
#define CMERESTONE_PLACE_H

#include "include/sample.h"

struct place {
    size_t bucket;
    uint32_t offset;
};

/// The shard that owns a key: shard `s` has `bounds[s]..<bounds[s + 1]`.
static inline size_t shard_of(const uint64_t *bounds, size_t shards, uint64_t key) {
    size_t lower = 0, upper = shards;
    while (upper - lower > 1) {
        size_t middle = (lower + upper) / 2;
        if (bounds[middle] <= key) lower = middle; else upper = middle;
    }
    return lower;
}

/// Neighbouring keys mostly share a shard, so that of the key before, `*shard`, is tried first.
static inline __attribute__((always_inline)) struct place place_of(const struct mrs_buckets *cut, uint64_t key, size_t *shard) {
    size_t s = *shard;
    if (__builtin_expect(key < cut->bounds[s] || key >= cut->bounds[s + 1], 0)) {
        *shard = s = shard_of(cut->bounds, cut->shards, key);
    }
    uint64_t local = key - cut->bounds[s];
    struct place place;
    place.bucket = (size_t)(cut->firsts[s] + (local >> cut->shift));
    place.offset = (uint32_t)(local & (((uint64_t)1 << cut->shift) - 1));
    return place;
}

#endif
