#ifndef CMERESTONE_ELIAS_FANO_H
#define CMERESTONE_ELIAS_FANO_H

#include <stddef.h>
#include <stdint.h>

/// The position of the set bit number `rank` (counted from 0) in `words` 64-bit words, or -1 where
/// fewer bits are set. The words lie at any alignment.
int64_t mrs_select(const void *bits, size_t words, uint64_t rank);

/// Decodes an Elias-Fano sequence: value i is the number of zeros before set bit i of the high part,
/// shifted by `low_bits`, plus the `low_bits` (at most 56) bits at bit i * low_bits of the low part.
///
/// `low` must be followed by 8 readable bytes. Returns how many values the high part has; of those,
/// the first `count` are written.
size_t mrs_elias_fano_decode(const void *low, unsigned low_bits, const void *high,
                             size_t high_words, size_t count, uint64_t *values);

#endif
