#include "include/buckets.h"

#include "include/prefetch.h"
#include "place.h"

#include <string.h>

void mrs_bucket_starts(
    const struct mrs_buckets *by, const uint64_t *keys, size_t count, size_t buckets,
    uint32_t *starts) {
    const struct mrs_buckets cut = *by;
    for (size_t b = 0; b <= buckets; b++) starts[b] = 0;
    for (size_t i = 0; i < count; i++) starts[place_of(&cut, keys[i]).bucket + 1]++;
    for (size_t b = 0; b < buckets; b++) starts[b + 1] += starts[b];
}

/// A line ahead in every bucket: buckets are more than the processor watches by itself, and their slots
/// went out of the caches while other mini-batches had their turn.
enum { SLOTS_AHEAD = 16, LISTS_AHEAD = 4 };

/// Every start has become the end of its bucket, which is where the next one starts.
static void starts_from_ends(uint32_t *starts, size_t buckets) {
    memmove(starts + 1, starts, buckets * sizeof *starts);
    starts[0] = 0;
}

void mrs_bucket_deal(
    const struct mrs_buckets *by, const uint64_t *keys, size_t count, size_t buckets,
    uint32_t *starts, uint32_t *slots) {
    const struct mrs_buckets cut = *by;
    for (size_t i = 0; i < count; i++) {
        struct place place = place_of(&cut, keys[i]);
        uint32_t *slot = slots + starts[place.bucket]++;
        mrs_prefetch(slot + SLOTS_AHEAD);
        *slot = place.offset;
    }
    starts_from_ends(starts, buckets);
}

void mrs_bucket_collect(
    const struct mrs_buckets *by, const uint64_t *keys, size_t count, size_t buckets,
    const struct mrs_asked *asked, uint32_t *out) {
    const struct mrs_buckets cut = *by;
    for (size_t i = 0; i < count; i++) {
        const uint32_t *slot = asked->slots + asked->starts[place_of(&cut, keys[i]).bucket]++;
        mrs_prefetch(slot + SLOTS_AHEAD);
        out[i] = *slot;
    }
    starts_from_ends(asked->starts, buckets);
}

void mrs_bucket_collect_lists(
    const struct mrs_buckets *by, const uint64_t *keys, size_t count, size_t buckets,
    const struct mrs_asked *asked, struct mrs_edge_list *out) {
    const struct mrs_buckets cut = *by;
    for (size_t i = 0; i < count; i++) {
        const struct mrs_edge_list *list =
            asked->lists + asked->starts[place_of(&cut, keys[i]).bucket]++;
        mrs_prefetch(list + LISTS_AHEAD);
        out[i] = *list;
    }
    starts_from_ends(asked->starts, buckets);
}

size_t mrs_asked_count(const struct mrs_asked *asked, size_t count, size_t bucket) {
    size_t total = 0;
    for (size_t i = 0; i < count; i++) {
        total += asked[i].starts[bucket + 1] - asked[i].starts[bucket];
    }
    return total;
}

/// Who asks after the next few has its slots brought into the cache.
enum { ASKED_AHEAD = 4 };

static void prefetch_slots(const struct mrs_asked *asked, size_t count, size_t i, size_t bucket) {
    if (i + ASKED_AHEAD >= count) return;
    const struct mrs_asked *next = asked + i + ASKED_AHEAD;
    for (size_t s = next->starts[bucket]; s < next->starts[bucket + 1]; s += 16) {
        mrs_prefetch(next->slots + s);
    }
}

void mrs_mark_pages(
    const struct mrs_asked *asked, size_t count, size_t bucket, uint32_t page_edges,
    uint8_t *touched) {
    for (size_t i = 0; i < count; i++) {
        for (size_t s = asked[i].starts[bucket]; s < asked[i].starts[bucket + 1]; s++) {
            touched[asked[i].slots[s] / page_edges] = 1;
        }
    }
}

void mrs_answer(
    const struct mrs_asked *asked, size_t count, size_t bucket, const uint32_t *values) {
    for (size_t i = 0; i < count; i++) {
        prefetch_slots(asked, count, i, bucket);
        uint32_t *slots = asked[i].slots;
        size_t upper = asked[i].starts[bucket + 1];
        for (size_t s = asked[i].starts[bucket]; s < upper; s++) slots[s] = values[slots[s]];
    }
}

void mrs_answer_lists(
    const struct mrs_asked *asked, size_t count, size_t bucket, const uint64_t *starts) {
    for (size_t i = 0; i < count; i++) {
        prefetch_slots(asked, count, i, bucket);
        const uint32_t *slots = asked[i].slots;
        struct mrs_edge_list *lists = asked[i].lists;
        size_t upper = asked[i].starts[bucket + 1];
        for (size_t s = asked[i].starts[bucket]; s < upper; s++) {
            uint64_t start = starts[slots[s]];
            lists[s].start = start;
            lists[s].count = starts[slots[s] + (size_t)1] - start;
        }
    }
}
