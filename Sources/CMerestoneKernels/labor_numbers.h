#ifndef CMERESTONE_LABOR_NUMBERS_H
#define CMERESTONE_LABOR_NUMBERS_H

#include "philox.h"

#include <stdbool.h>

/// A bit for each lane.
typedef bool b16v __attribute__((ext_vector_type(MRS_PICK_LANES)));

/// The numbers of sources in a hop of LABOR: draw `source % 4` of entity `source / 4`.
INLINE u32v labor_numbers(u32v sources, uint32_t key0, uint32_t key1) {
    u32v words[4];
    philox(sources >> 2, 0, key0, key1, words);
    const u32v odd = -(sources & 1), upper = -(sources >> 1 & 1);
    const u32v lower_half = (words[0] & ~odd) | (words[1] & odd);
    const u32v upper_half = (words[2] & ~odd) | (words[3] & odd);
    return (lower_half & ~upper) | (upper_half & upper);
}

INLINE u32v zip_low(u32v a, u32v b) {
    return __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
}

INLINE u32v zip_high(u32v a, u32v b) {
    return __builtin_shufflevector(
        a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
}

/// Nodes whose numbers are computed at once.
enum { LABOR_ROW = 4 * MRS_PICK_LANES };

/// The numbers of the nodes from `first` on, a multiple of 4.
INLINE void labor_row(uint64_t first, uint32_t key0, uint32_t key1, u32v numbers[4]) {
    u32v entity, words[4];
    for (uint32_t lane = 0; lane < MRS_PICK_LANES; lane++) entity[lane] = lane;
    philox(entity + (uint32_t)(first / 4), 0, key0, key1, words);
    const u32v low_even = zip_low(words[0], words[2]), low_odd = zip_low(words[1], words[3]);
    const u32v high_even = zip_high(words[0], words[2]), high_odd = zip_high(words[1], words[3]);
    numbers[0] = zip_low(low_even, low_odd);
    numbers[1] = zip_high(low_even, low_odd);
    numbers[2] = zip_low(high_even, high_odd);
    numbers[3] = zip_high(high_even, high_odd);
}

#endif
