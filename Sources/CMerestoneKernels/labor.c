#include "include/labor.h"

#include "clones.h"
#include "include/prefetch.h"
#include "include/processor.h"
#include "labor_numbers.h"

#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

/// Which sources' numbers are up to the last one that is kept, as all bits or none.
INLINE u32v up_to(u32v sources, uint32_t last, uint32_t key0, uint32_t key1) {
    return (u32v)(labor_numbers(sources, key0, key1) <= last);
}

/// The same in place, so that no vector is an argument.
INLINE void up_to_lanes(void *lanes, uint32_t last, uint32_t key0, uint32_t key1) {
    u32v sources, flags;
    memcpy(&sources, lanes, sizeof sources);
    flags = up_to(sources, last, key0, key1);
    memcpy(lanes, &flags, sizeof flags);
}

INLINE size_t keep(
    const uint32_t *sources, uint64_t first, size_t count, uint64_t limit, uint32_t key0,
    uint32_t key1, uint64_t *edges) {
    const uint32_t last = (uint32_t)(limit - 1);
    size_t kept = 0, i = 0;
    for (; i + MRS_PICK_LANES <= count; i += MRS_PICK_LANES) {
        u32v source, flags;
        memcpy(&source, sources + i, sizeof source);
        flags = up_to(source, last, key0, key1);
        // Of long lists few sources are kept.
        if (!__builtin_reduce_or(flags)) continue;
        uint32_t lanes[MRS_PICK_LANES];
        memcpy(lanes, &flags, sizeof lanes);
        for (size_t lane = 0; lane < MRS_PICK_LANES; lane++) {
            edges[kept] = first + i + lane;
            kept += lanes[lane] & 1;
        }
    }
    if (i < count) {
        uint32_t lanes[MRS_PICK_LANES] = {0};
        for (size_t lane = 0; i + lane < count; lane++) lanes[lane] = sources[i + lane];
        up_to_lanes(lanes, last, key0, key1);
        for (size_t lane = 0; i + lane < count; lane++) {
            edges[kept] = first + i + lane;
            kept += lanes[lane] & 1;
        }
    }
    return kept;
}

MRS_CLONES size_t mrs_labor_keep(
    const uint32_t *sources, uint64_t first, size_t count, uint64_t limit, uint32_t key0,
    uint32_t key1, uint64_t *edges) {
    return keep(sources, first, count, limit, key0, key1, edges);
}

size_t mrs_labor_keep_baseline(
    const uint32_t *sources, uint64_t first, size_t count, uint64_t limit, uint32_t key0,
    uint32_t key1, uint64_t *edges) {
    return keep(sources, first, count, limit, key0, key1, edges);
}

// MARK: Sieve

enum {
    // Levels with a bit for every node. One bit of the levels above stands for so many nodes that about
    // 1 in 2^FINE is set: they fit into the caches nearest to the processor.
    FINE = 5,
    // Bits of the coarsest level, as a power of two.
    COARSEST = 12,
    // Words of a sieve that bits are picked from at once; as many lie behind it, whose bits none asks for.
    WINDOW = 32,
    // Sources that are looked up before those that are left are computed.
    PIECE = 1 << 12,
    // Sources between one that is looked up and one that is fetched.
    AHEAD = 512,
};

_Static_assert(MRS_PICK_LANES == 16, "a bit for each lane");

struct sieve {
    size_t width;  // the words of a level with a bit for every node
    int levels;
};

/// Level `l` of a sieve, from 1 on, says of every group of `2^shift` nodes whether one of them has a
/// number below `2^(32 - l)`.
struct level {
    size_t word;  // where it starts
    int shift;
};

/// That of `nodes` nodes and of a last bit of each level that is always set, for all others.
static inline struct sieve sieve_of(size_t nodes) {
    int coarser = 63 - __builtin_clzll(nodes + 1) - COARSEST;
    struct sieve sieve = {.levels = FINE + (coarser > 0 ? coarser : 0)};
    size_t unit = (size_t)LABOR_ROW << (sieve.levels - FINE);
    sieve.width = nodes / unit * (unit / 32) + unit / 32;
    return sieve;
}

static inline struct level level_of(struct sieve sieve, int level) {
    if (level <= FINE) return (struct level){(size_t)(level - 1) * sieve.width, 0};
    int shift = level - FINE;
    return (struct level){(FINE + 1) * sieve.width - (sieve.width >> (shift - 1)), shift};
}

size_t mrs_labor_sieve_words(size_t nodes) {
    return (FINE + 1) * sieve_of(nodes).width + WINDOW;
}

/// Sets the bits of sixteen nodes from `first` on.
INLINE void sift_vector(size_t first, u32v numbers, struct sieve sieve, uint32_t *words) {
    for (int level = 1; level <= FINE; level++) {
        b16v bits = __builtin_convertvector(numbers < 1u << (32 - level), b16v);
        char *place = (char *)(words + (size_t)(level - 1) * sieve.width) + first / 8;
        memcpy(place, &bits, MRS_PICK_LANES / 8);
    }
    uint16_t small;
    b16v is_small = __builtin_convertvector(numbers < 1u << (31 - FINE), b16v);
    memcpy(&small, &is_small, sizeof small);
    if (!small) return;
    uint32_t lanes[MRS_PICK_LANES];
    memcpy(lanes, &numbers, sizeof lanes);
    for (; small; small &= (uint16_t)(small - 1)) {
        int lane = __builtin_ctz(small);
        int zeros = lanes[lane] ? __builtin_clz(lanes[lane]) : 32;
        for (int l = FINE + 1; l <= zeros && l <= sieve.levels; l++) {
            struct level level = level_of(sieve, l);
            size_t bit = (first + (size_t)lane) >> level.shift;
            words[level.word + bit / 32] |= 1u << bit % 32;
        }
    }
}

INLINE void sift(size_t nodes, uint32_t key0, uint32_t key1, uint32_t *words_of_sieve) {
    const struct sieve sieve = sieve_of(nodes);
    memset(words_of_sieve + FINE * sieve.width, 0, sieve.width * sizeof *words_of_sieve);
    for (size_t i = 0; i < sieve.width * 32; i += LABOR_ROW) {
        u32v numbers[4];
        labor_row(i, key0, key1, numbers);
        for (size_t part = 0; part < 4; part++) {
            sift_vector(i + part * MRS_PICK_LANES, numbers[part], sieve, words_of_sieve);
        }
    }
    for (int l = 1; l <= sieve.levels; l++) {
        struct level level = level_of(sieve, l);
        size_t bit = nodes >> level.shift;
        words_of_sieve[level.word + bit / 32] |= 1u << bit % 32;
    }
}

MRS_CLONES void mrs_labor_sift(size_t nodes, uint32_t key0, uint32_t key1, uint32_t *sieve) {
    sift(nodes, key0, key1, sieve);
}

/// What is looked up of a sieve for one limit.
struct lookup {
    const uint32_t *bits;
    int shift;
    uint32_t others;  // what stands for the nodes that the sieve does not have
};

/// Fills `places` with those of the sources that may be below the limit; room for a vector more.
INLINE size_t look_up(
    const uint32_t *sources, size_t count, struct lookup lookup, uint32_t *places) {
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t node = sources[i] < lookup.others ? sources[i] : lookup.others;
        uint32_t group = node >> lookup.shift;
        places[found] = (uint32_t)i;
        found += lookup.bits[group / 32] >> group % 32 & 1;
    }
    return found;
}

/// Keeps those of the places whose source's number is below the limit.
INLINE size_t keep_places(
    const uint32_t *sources, const uint32_t *places, size_t count, uint64_t first, uint64_t limit,
    uint32_t key0, uint32_t key1, uint64_t *edges) {
    size_t kept = 0;
    for (size_t i = 0; i < count; i += MRS_PICK_LANES) {
        size_t used = count - i < MRS_PICK_LANES ? count - i : MRS_PICK_LANES;
        uint32_t lanes[MRS_PICK_LANES] = {0};
        for (size_t lane = 0; lane < used; lane++) lanes[lane] = sources[places[i + lane]];
        up_to_lanes(lanes, (uint32_t)(limit - 1), key0, key1);
        for (size_t lane = 0; lane < used; lane++) {
            edges[kept] = first + places[i + lane];
            kept += lanes[lane] & 1;
        }
    }
    return kept;
}

MRS_CLONES static size_t keep_found(
    const uint32_t *sources, const uint32_t *places, size_t count, uint64_t first, uint64_t limit,
    uint32_t key0, uint32_t key1, uint64_t *edges) {
    return keep_places(sources, places, count, first, limit, key0, key1, edges);
}

#if defined(__x86_64__)
#define AVX512 __attribute__((target("arch=x86-64-v4")))

INLINE __mmask16 first_lanes(size_t count) {
    return count < 16 ? (__mmask16)((1u << count) - 1) : 0xFFFF;
}

/// Which sources of a vector have their bit set. Sources ascend, in most lists that the sieve is asked for
/// so closely that the bits of sixteen lie in 32 words: picking them out of two vectors is several times
/// faster than gathering them.
AVX512 INLINE __mmask16 look_up_vector(
    const uint32_t *sources, __mmask16 is_there, struct lookup lookup) {
    __m512i source = _mm512_maskz_loadu_epi32(is_there, sources);
    __m512i node = _mm512_min_epu32(source, _mm512_set1_epi32((int)lookup.others));
    __m512i group = _mm512_srl_epi32(node, _mm_cvtsi32_si128(lookup.shift));
    __m512i place = _mm512_srli_epi32(group, 5), word;
    uint32_t first = (uint32_t)_mm512_cvtsi512_si32(place);
    __m512i offset = _mm512_sub_epi32(place, _mm512_set1_epi32((int)first));
    if (_mm512_cmpge_epu32_mask(offset, _mm512_set1_epi32(WINDOW)) == 0) {
        const uint32_t *window = lookup.bits + first;
        word = _mm512_permutex2var_epi32(
            _mm512_loadu_si512(window), offset, _mm512_loadu_si512(window + 16));
    } else {
        word = _mm512_i32gather_epi32(place, lookup.bits, 4);
    }
    __m512i bit = _mm512_and_si512(group, _mm512_set1_epi32(31));
    return _mm512_mask_test_epi32_mask(
        is_there, _mm512_srlv_epi32(word, bit), _mm512_set1_epi32(1));
}

AVX512 static size_t look_up_avx512(
    const uint32_t *sources, size_t count, struct lookup lookup, uint32_t *places) {
    __m512i place = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    size_t found = 0, i = 0;
    for (; i + 16 <= count; i += 16, place = _mm512_add_epi32(place, _mm512_set1_epi32(16))) {
        if (i + AHEAD < count) mrs_prefetch(sources + i + AHEAD);
        __mmask16 may_be = look_up_vector(sources + i, 0xFFFF, lookup);
        _mm512_storeu_si512(places + found, _mm512_maskz_compress_epi32(may_be, place));
        found += (size_t)__builtin_popcount(may_be);
    }
    __mmask16 may_be = look_up_vector(sources + i, first_lanes(count - i), lookup);
    _mm512_storeu_si512(places + found, _mm512_maskz_compress_epi32(may_be, place));
    return found + (size_t)__builtin_popcount(may_be);
}

AVX512 static size_t keep_found_avx512(
    const uint32_t *sources, const uint32_t *places, size_t count, uint64_t first, uint64_t limit,
    uint32_t key0, uint32_t key1, uint64_t *edges) {
    const __m512i base = _mm512_set1_epi64((long long)first);
    size_t kept = 0;
    for (size_t i = 0; i < count; i += 16) {
        const __mmask16 is_there = first_lanes(count - i);
        __m512i place = _mm512_maskz_loadu_epi32(is_there, places + i);
        __m512i lanes = _mm512_mask_i32gather_epi32(
            _mm512_setzero_si512(), is_there, place, sources, 4);
        up_to_lanes(&lanes, (uint32_t)(limit - 1), key0, key1);
        __mmask16 is_kept = _mm512_mask_test_epi32_mask(is_there, lanes, lanes);
        place = _mm512_maskz_compress_epi32(is_kept, place);
        size_t more = (size_t)__builtin_popcount(is_kept);
        const __mmask16 is_new = first_lanes(more);
        __m512i low = _mm512_cvtepu32_epi64(_mm512_castsi512_si256(place));
        __m512i high = _mm512_cvtepu32_epi64(_mm512_extracti64x4_epi64(place, 1));
        _mm512_mask_storeu_epi64(edges + kept, (__mmask8)is_new, _mm512_add_epi64(base, low));
        _mm512_mask_storeu_epi64(
            edges + kept + 8, (__mmask8)(is_new >> 8), _mm512_add_epi64(base, high));
        kept += more;
    }
    return kept;
}
#endif

/// How a sieve is looked into.
enum way { BASELINE, BEST, AVX_512 };

INLINE size_t keep_sieved(
    const uint32_t *sources, uint64_t first, size_t count, uint64_t limit, uint32_t key0,
    uint32_t key1, size_t nodes, const uint32_t *words_of_sieve, enum way way, uint64_t *edges) {
    // All numbers below the limit have at least as many leading zeros as the largest of them.
    int zeros = limit < 2 ? 32 : __builtin_clz((uint32_t)(limit - 1));
    if (nodes == 0 || zeros == 0) {
        return way == BASELINE
            ? keep(sources, first, count, limit, key0, key1, edges)
            : mrs_labor_keep(sources, first, count, limit, key0, key1, edges);
    }
    const struct sieve sieve = sieve_of(nodes);
    const struct level level = level_of(sieve, zeros < sieve.levels ? zeros : sieve.levels);
    const struct lookup lookup = {
        words_of_sieve + level.word, level.shift,
        nodes < UINT32_MAX ? (uint32_t)nodes : UINT32_MAX};
    uint32_t places[PIECE + MRS_PICK_LANES];
    size_t kept = 0;
    for (size_t i = 0; i < count; i += PIECE) {
        size_t piece = count - i < PIECE ? count - i : PIECE;
#if defined(__x86_64__)
        if (way == AVX_512) {
            size_t found = look_up_avx512(sources + i, piece, lookup, places);
            kept += keep_found_avx512(
                sources + i, places, found, first + i, limit, key0, key1, edges + kept);
            continue;
        }
#endif
        size_t found = look_up(sources + i, piece, lookup, places);
        kept += (way == BASELINE ? keep_places : keep_found)(
            sources + i, places, found, first + i, limit, key0, key1, edges + kept);
    }
    return kept;
}

size_t mrs_labor_keep_sieved(
    const uint32_t *sources, uint64_t first, size_t count, uint64_t limit, uint32_t key0,
    uint32_t key1, size_t nodes, const uint32_t *sieve, uint64_t *edges) {
    return keep_sieved(
        sources, first, count, limit, key0, key1, nodes, sieve, mrs_has_avx512() ? AVX_512 : BEST,
        edges);
}

size_t mrs_labor_keep_sieved_baseline(
    const uint32_t *sources, uint64_t first, size_t count, uint64_t limit, uint32_t key0,
    uint32_t key1, size_t nodes, const uint32_t *sieve, uint64_t *edges) {
    return keep_sieved(
        sources, first, count, limit, key0, key1, nodes, sieve, BASELINE, edges);
}
