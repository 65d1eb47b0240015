#include "clones.h"
#include "include/labor.h"
#include "include/prefetch.h"
#include "include/processor.h"
#include "labor_numbers.h"

#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

MRS_CLONES size_t mrs_labor_candidates(
    uint64_t first, size_t count, uint32_t limit, uint32_t key0, uint32_t key1,
    const uint64_t *offsets, uint32_t *nodes, uint32_t *numbers) {
    size_t found = 0;
    for (size_t i = 0; i < count; i += LABOR_ROW) {
        u32v row[4];
        labor_row(first + i, key0, key1, row);
        uint64_t small = 0;
        for (size_t part = 0; part < 4; part++) {
            b16v is_small = __builtin_convertvector(row[part] < limit, b16v);
            uint16_t bits;
            memcpy(&bits, &is_small, sizeof bits);
            small |= (uint64_t)bits << part * MRS_PICK_LANES;
        }
        if (count - i < LABOR_ROW) small &= ((uint64_t)1 << (count - i)) - 1;
        uint32_t lanes[LABOR_ROW];
        memcpy(lanes, row, sizeof lanes);
        for (; small; small &= small - 1) {
            int lane = __builtin_ctzll(small);
            nodes[found] = (uint32_t)(first + i) + (uint32_t)lane;
            numbers[found] = lanes[lane];
            mrs_prefetch(offsets + nodes[found]);
            found++;
        }
    }
    return found;
}

void mrs_labor_fetch(const struct mrs_out_edges *edges, const uint32_t *nodes, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const char *entries = (const char *)(edges->entries + edges->offsets[nodes[i]]);
        mrs_prefetch(entries);
        mrs_prefetch(entries + 56);
    }
}

size_t mrs_labor_walk_baseline(
    const struct mrs_out_edges *edges, const uint32_t *nodes, const uint32_t *numbers, size_t count,
    struct mrs_walk_place *place, uint64_t *found, size_t room) {
    size_t kept = 0;
    for (; place->candidate < count; place->candidate++, place->entry = 0) {
        const size_t node = nodes[place->candidate];
        const uint32_t number = numbers[place->candidate];
        const uint64_t *entries = edges->entries + edges->offsets[node];
        const uint64_t degree = edges->offsets[node + 1] - edges->offsets[node];
        for (; place->entry < degree; place->entry++) {
            if (kept == room) return kept;
            const uint64_t entry = entries[place->entry];
            const uint32_t limit = edges->limits[(uint32_t)entry];
            if (number >= (limit & ~MRS_LIST_IS_ABSENT)) break;
            found[kept] = entry;
            kept += !(limit & MRS_LIST_IS_ABSENT);
        }
    }
    return kept;
}

#if defined(__x86_64__)
__attribute__((target("arch=x86-64-v4"))) static size_t walk_avx512(
    const struct mrs_out_edges *edges, const uint32_t *nodes, const uint32_t *numbers, size_t count,
    struct mrs_walk_place *place, uint64_t *found, size_t room) {
    const __m256i absent = _mm256_set1_epi32((int)MRS_LIST_IS_ABSENT);
    uint64_t entry = place->entry;
    size_t kept = 0;
    for (size_t i = place->candidate; i < count; i++, entry = 0) {
        const size_t node = nodes[i];
        const uint64_t *entries = edges->entries + edges->offsets[node];
        const uint64_t degree = edges->offsets[node + 1] - edges->offsets[node];
        const __m256i number = _mm256_set1_epi32((int)numbers[i]);
        for (; entry < degree; entry += 8) {
            if (room - kept < 8) {
                *place = (struct mrs_walk_place){i, entry};
                return kept;
            }
            const uint64_t left = degree - entry;
            const __mmask8 is_there = left < 8 ? (__mmask8)((1u << left) - 1) : 0xFF;
            __m512i eight = _mm512_maskz_loadu_epi64(is_there, entries + entry);
            __m256i limit = _mm256_mmask_i32gather_epi32(
                absent, is_there, _mm512_cvtepi64_epi32(eight), edges->limits, 4);
            __mmask8 is_small = _mm256_mask_cmplt_epu32_mask(
                is_there, number, _mm256_andnot_si256(absent, limit));
            __mmask8 is_kept = is_small & (__mmask8)~_mm256_movepi32_mask(limit);
            _mm512_mask_storeu_epi64(
                found + kept, (__mmask8)((1u << __builtin_popcount(is_kept)) - 1),
                _mm512_maskz_compress_epi64(is_kept, eight));
            kept += (size_t)__builtin_popcount(is_kept);
            if (is_small != 0xFF) break;
        }
    }
    *place = (struct mrs_walk_place){count, 0};
    return kept;
}
#endif

size_t mrs_labor_walk(
    const struct mrs_out_edges *edges, const uint32_t *nodes, const uint32_t *numbers, size_t count,
    struct mrs_walk_place *place, uint64_t *found, size_t room) {
#if defined(__x86_64__)
    if (mrs_has_avx512()) return walk_avx512(edges, nodes, numbers, count, place, found, room);
#endif
    return mrs_labor_walk_baseline(edges, nodes, numbers, count, place, found, room);
}
