#ifndef CMERESTONE_BUCKETS_H
#define CMERESTONE_BUCKETS_H

#include "sample.h"

#include <stddef.h>
#include <stdint.h>

/// What one mini-batch asks of buckets: slots `starts[b] ..< starts[b + 1]` are bucket `b`'s.
struct mrs_asked {
    /// Shape `[buckets + 1]`.
    uint32_t *starts;
    /// Places inside the bucket; answers of 32 bits take their place.
    uint32_t *slots;
    /// Answers that are lists, by slot.
    struct mrs_edge_list *lists;
};

/// Counts keys by bucket. `starts` gets the exclusive prefix sums: shape `[buckets + 1]`.
void mrs_bucket_starts(
    const struct mrs_buckets *cut, const uint64_t *keys, size_t count, size_t buckets,
    uint32_t *starts);

/// Writes every key's place inside its bucket to `slots`, bucket by bucket, in the order of keys.
void mrs_bucket_deal(
    const struct mrs_buckets *cut, const uint64_t *keys, size_t count, size_t buckets,
    uint32_t *starts, uint32_t *slots);

/// The way back: `out` gets, in the order of keys, what was put into their slots.
void mrs_bucket_collect(
    const struct mrs_buckets *cut, const uint64_t *keys, size_t count, size_t buckets,
    const struct mrs_asked *asked, uint32_t *out);

void mrs_bucket_collect_lists(
    const struct mrs_buckets *cut, const uint64_t *keys, size_t count, size_t buckets,
    const struct mrs_asked *asked, struct mrs_edge_list *out);

/// How much `count` mini-batches ask of a bucket.
size_t mrs_asked_count(const struct mrs_asked *asked, size_t count, size_t bucket);

/// Sets `touched[p]` for every page `p` of a bucket that is asked for.
void mrs_mark_pages(
    const struct mrs_asked *asked, size_t count, size_t bucket, uint32_t page_edges,
    uint8_t *touched);

/// Replaces the places that `count` mini-batches ask of a bucket by what stands there in `values`.
void mrs_answer(
    const struct mrs_asked *asked, size_t count, size_t bucket, const uint32_t *values);

/// The lists of the places that are asked of a bucket; place `p` has the edges
/// `starts[p] ..< starts[p + 1]`.
void mrs_answer_lists(
    const struct mrs_asked *asked, size_t count, size_t bucket, const uint64_t *starts);

#endif
