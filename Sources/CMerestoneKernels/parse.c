#include "include/parse.h"

#include "clones.h"

MRS_CLONES
static size_t count_up_to_255(const uint8_t *restrict bytes, uint8_t byte, size_t blocks) {
    // One counter per byte of a block of 64; `blocks` is at most 255.
    uint8_t counters[64] = {0};
    for (size_t b = 0; b < blocks; b++)
        for (size_t i = 0; i < 64; i++) counters[i] += bytes[64 * b + i] == byte;
    size_t total = 0;
    for (size_t i = 0; i < 64; i++) total += counters[i];
    return total;
}

size_t mrs_count_byte(const uint8_t *bytes, size_t count, uint8_t byte) {
    size_t total = 0, done = 0;
    while (count - done >= 64) {
        size_t blocks = (count - done) / 64;
        if (blocks > 255) blocks = 255;
        total += count_up_to_255(bytes + done, byte, blocks);
        done += 64 * blocks;
    }
    for (; done < count; done++) total += bytes[done] == byte;
    return total;
}

#if defined(__x86_64__)
#include <immintrin.h>

#define MRS_AVX2 __attribute__((target("avx2,bmi,bmi2,lzcnt,popcnt")))

// 16 bytes of zeros, then 16 of ones: loaded at `length`, it keeps the last `length` of 16 bytes.
static const uint8_t keep[32] __attribute__((aligned(32))) = {
    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

// Bit i says that byte i is no digit.
MRS_AVX2 static inline __attribute__((always_inline)) uint32_t stops(__m256i bytes) {
    // Digits become -128 ... -119.
    __m256i shifted = _mm256_add_epi8(bytes, _mm256_set1_epi8((char)(128 - '0')));
    return (uint32_t)_mm256_movemask_epi8(
        _mm256_cmpgt_epi8(shifted, _mm256_set1_epi8(-119)));
}

// The two numbers of at most 16 digits that end before `first_end` and `second_end`.
MRS_AVX2 static inline __attribute__((always_inline)) void read_two(
    const uint8_t *first_end, unsigned first_length, const uint8_t *second_end,
    unsigned second_length, uint64_t *first, uint64_t *second) {
    __m256i digits = _mm256_inserti128_si256(
        _mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)(first_end - 16))),
        _mm_loadu_si128((const __m128i *)(second_end - 16)), 1);
    __m256i kept = _mm256_inserti128_si256(
        _mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)(keep + first_length))),
        _mm_loadu_si128((const __m128i *)(keep + second_length)), 1);
    digits = _mm256_and_si256(_mm256_sub_epi8(digits, _mm256_set1_epi8('0')), kept);
    // Pairs, fours, eights of digits.
    __m256i pairs = _mm256_maddubs_epi16(digits, _mm256_set1_epi16(10 | 1 << 8));
    __m256i fours = _mm256_madd_epi16(pairs, _mm256_set1_epi32(100 | 1 << 16));
    fours = _mm256_packus_epi32(fours, fours);
    __m256i eights = _mm256_madd_epi16(fours, _mm256_set1_epi32(10000 | 1 << 16));
    uint64_t a = (uint64_t)_mm256_extract_epi64(eights, 0);
    uint64_t b = (uint64_t)_mm256_extract_epi64(eights, 2);
    *first = (a & 0xffffffff) * 100000000 + (a >> 32);
    *second = (b & 0xffffffff) * 100000000 + (b >> 32);
}

// A number of 17 to 20 digits whose last 16 are `low`; 1 if it does not fit 64 bits.
static int add_leading(const uint8_t *start, unsigned length, uint64_t *low) {
    uint64_t high = 0, scaled;
    for (unsigned i = 0; i + 16 < length; i++) high = high * 10 + (start[i] - '0');
    return __builtin_mul_overflow(high, 10000000000000000ull, &scaled)
        || __builtin_add_overflow(scaled, *low, low);
}

MRS_AVX2 static size_t parse_pairs_avx2(
    const uint8_t *text, size_t begin, size_t end, uint8_t separator, uint8_t other_separator,
    uint64_t *restrict sources, uint64_t *restrict destinations, size_t capacity,
    size_t *rows) {
    size_t row = 0;
    const uint8_t *line = text + begin;
    const uint8_t *last = text + end;
    while (line < last && row < capacity) {
        uint64_t mask = stops(_mm256_loadu_si256((const __m256i *)line));
        unsigned first = (unsigned)_tzcnt_u64(mask);
        uint64_t rest = _blsr_u64(mask);
        if (__builtin_expect(rest == 0, 0)) {
            mask |= (uint64_t)stops(_mm256_loadu_si256((const __m256i *)(line + 32))) << 32;
            first = (unsigned)_tzcnt_u64(mask);
            rest = _blsr_u64(mask);
            if (rest == 0) break;
        }
        unsigned second = (unsigned)_tzcnt_u64(rest);
        unsigned length = second - first - 1;
        // All that makes a line another's business, in one test that is nearly never true.
        int odd = (line[first] != separator) & (line[first] != other_separator);
        odd |= line[second] != '\n';
        odd |= (first - 1 > 19) | (length - 1 > 19);
        odd |= (line[0] == '0') & (first > 1);
        odd |= (line[first + 1] == '0') & (length > 1);
        if (__builtin_expect(odd, 0)) break;
        uint64_t source, destination;
        unsigned first_kept = first > 16 ? 16 : first, second_kept = length > 16 ? 16 : length;
        read_two(line + first, first_kept, line + second, second_kept, &source, &destination);
        if (__builtin_expect((first > 16) | (length > 16), 0)) {
            if (first > 16 && add_leading(line, first, &source)) break;
            if (length > 16 && add_leading(line + first + 1, length, &destination)) break;
        }
        sources[row] = source;
        destinations[row] = destination;
        row++;
        line += second + 1;
    }
    *rows = row;
    return (size_t)(line - text);
}

#endif

size_t mrs_parse_pairs(
    const uint8_t *text, size_t begin, size_t end, uint8_t separator, uint8_t other_separator,
    uint64_t *restrict sources, uint64_t *restrict destinations, size_t capacity,
    size_t *rows) {
    *rows = 0;
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi"))
        return parse_pairs_avx2(
            text, begin, end, separator, other_separator, sources, destinations, capacity, rows);
#endif
    return begin;
}
