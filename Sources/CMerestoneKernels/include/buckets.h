#ifndef CMERESTONE_BUCKETS_H
#define CMERESTONE_BUCKETS_H

#include "sample.h"

#include <stddef.h>
#include <stdint.h>

/// Counts keys by bucket. `starts` gets the exclusive prefix sums: shape `[buckets + 1]`.
void mrs_bucket_starts(
    const struct mrs_buckets *cut, const uint64_t *keys, size_t count, size_t buckets,
    uint32_t *starts);

/// Writes every key's place inside its bucket to `slots`, bucket by bucket, in the order of keys.
/// `cursors` holds the buckets' starts; afterwards their ends.
void mrs_bucket_deal(
    const struct mrs_buckets *cut, const uint64_t *keys, size_t count, uint32_t *cursors,
    uint32_t *slots);

/// The way back: `out` gets, in the order of keys, what was put into their slots.
void mrs_bucket_collect(
    const struct mrs_buckets *cut, const uint64_t *keys, size_t count, uint32_t *cursors,
    const uint32_t *slots, uint32_t *out);

void mrs_bucket_collect_lists(
    const struct mrs_buckets *cut, const uint64_t *keys, size_t count, uint32_t *cursors,
    const struct mrs_edge_list *slots, struct mrs_edge_list *out);

/// Replaces `count` places by what stands there in `values`.
void mrs_look_up(const uint32_t *values, uint32_t *slots, size_t count);

/// The lists of `count` places; place `p` has the edges `starts[p] ..< starts[p + 1]`.
void mrs_look_up_lists(
    const uint64_t *starts, const uint32_t *slots, size_t count, struct mrs_edge_list *lists);

#endif
