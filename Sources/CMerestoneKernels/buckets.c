#include "include/buckets.h"

#include "place.h"

void mrs_bucket_starts(
    const struct mrs_buckets *cut, const uint64_t *keys, size_t count, size_t buckets,
    uint32_t *starts) {
    for (size_t b = 0; b <= buckets; b++) starts[b] = 0;
    size_t shard = 0;
    for (size_t i = 0; i < count; i++) starts[place_of(cut, keys[i], &shard).bucket + 1]++;
    for (size_t b = 0; b < buckets; b++) starts[b + 1] += starts[b];
}

void mrs_bucket_deal(
    const struct mrs_buckets *cut, const uint64_t *keys, size_t count, uint32_t *cursors,
    uint32_t *slots) {
    size_t shard = 0;
    for (size_t i = 0; i < count; i++) {
        struct place place = place_of(cut, keys[i], &shard);
        slots[cursors[place.bucket]++] = place.offset;
    }
}

void mrs_bucket_collect(
    const struct mrs_buckets *cut, const uint64_t *keys, size_t count, uint32_t *cursors,
    const uint32_t *slots, uint32_t *out) {
    size_t shard = 0;
    for (size_t i = 0; i < count; i++) {
        out[i] = slots[cursors[place_of(cut, keys[i], &shard).bucket]++];
    }
}

void mrs_bucket_collect_lists(
    const struct mrs_buckets *cut, const uint64_t *keys, size_t count, uint32_t *cursors,
    const struct mrs_edge_list *slots, struct mrs_edge_list *out) {
    size_t shard = 0;
    for (size_t i = 0; i < count; i++) {
        out[i] = slots[cursors[place_of(cut, keys[i], &shard).bucket]++];
    }
}

void mrs_look_up(const uint32_t *values, uint32_t *slots, size_t count) {
    for (size_t i = 0; i < count; i++) slots[i] = values[slots[i]];
}

void mrs_look_up_lists(
    const uint64_t *starts, const uint32_t *slots, size_t count, struct mrs_edge_list *lists) {
    for (size_t i = 0; i < count; i++) {
        uint64_t start = starts[slots[i]];
        lists[i].start = start;
        lists[i].count = starts[slots[i] + (size_t)1] - start;
    }
}
