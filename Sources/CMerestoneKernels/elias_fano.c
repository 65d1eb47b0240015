#include "include/elias_fano.h"

#include <string.h>

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define MRS_CLONES
#endif
#endif
#if !defined(MRS_CLONES)
#if defined(__x86_64__) && defined(__linux__)
#define MRS_CLONES __attribute__((target_clones("arch=x86-64-v3", "default")))
#else
#define MRS_CLONES
#endif
#endif

static inline __attribute__((always_inline)) uint64_t load(const uint8_t *bytes) {
    uint64_t word;
    memcpy(&word, bytes, 8);
    return word;
}

MRS_CLONES
int64_t mrs_select(const void *bits, size_t words, uint64_t rank) {
    const uint8_t *bytes = bits;
    for (size_t w = 0; w < words; w++) {
        uint64_t word = load(bytes + 8 * w);
        uint64_t ones = (uint64_t)__builtin_popcountll(word);
        if (rank < ones) {
            while (rank--) word &= word - 1;
            return (int64_t)(64 * w) + __builtin_ctzll(word);
        }
        rank -= ones;
    }
    return -1;
}

MRS_CLONES
size_t mrs_elias_fano_decode(const void *low, unsigned low_bits, const void *high,
                             size_t high_words, size_t count, uint64_t *values) {
    const uint8_t *lows = low;
    const uint8_t *highs = high;
    const uint64_t mask = ((uint64_t)1 << low_bits) - 1;
    size_t found = 0;
    size_t low_bit = 0;
    for (size_t w = 0; w < high_words; w++) {
        uint64_t word = load(highs + 8 * w);
        const uint64_t base = 64 * w;
        for (; word; word &= word - 1, found++, low_bit += low_bits) {
            if (found >= count) continue;
            uint64_t upper = base + (uint64_t)__builtin_ctzll(word) - found;
            uint64_t lower = load(lows + (low_bit >> 3)) >> (low_bit & 7) & mask;
            values[found] = upper << low_bits | lower;
        }
    }
    return found;
}
