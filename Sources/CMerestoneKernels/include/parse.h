#ifndef CMERESTONE_PARSE_H
#define CMERESTONE_PARSE_H

#include <stddef.h>
#include <stdint.h>

/// Reads lines of the form `source separator destination newline` from `begin` on, where both are
/// integers of 1 to 20 digits below 2^64 without leading zeros, and stops at the first line that
/// is anything else: a comment, a carriage return, two separators, a fault.
///
/// `text[begin - 64] ... text[end + 63]` must be readable, and `text[end - 1]` be a newline. Writes
/// `*rows` pairs, `capacity` at most, and returns where the first line that was not read begins,
/// or `end`. Returns `begin` at once where the processor lacks AVX2.
size_t mrs_parse_pairs(
    const uint8_t *text, size_t begin, size_t end, uint8_t separator, uint8_t other_separator,
    uint64_t *restrict sources, uint64_t *restrict destinations, size_t capacity,
    size_t *rows);

/// How many of `count` bytes equal `byte`.
size_t mrs_count_byte(const uint8_t *bytes, size_t count, uint8_t byte);

#endif
