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

/// A shard is found without a branch that depends on the key, but for those near a bound. `cut` is a
/// copy of the caller's, so that no write can change it and it stays in registers.
static inline __attribute__((always_inline)) struct place place_of(
    const struct mrs_buckets *cut, uint64_t key) {
    size_t s = 0;
    if (cut->hints) {
        s = cut->hints[key >> cut->hint_shift];
        while (key >= cut->bounds[s + 1]) s++;
    }
    uint64_t local = key - cut->bounds[s];
    struct place place;
    place.bucket = (size_t)(cut->firsts[s] + (local >> cut->shift));
    place.offset = (uint32_t)(local & (((uint64_t)1 << cut->shift) - 1));
    return place;
}

#endif
