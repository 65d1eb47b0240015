#include "include/packed.h"

#include "clones.h"

#include <string.h>

INLINE uint64_t load(const uint8_t *bytes) {
    uint64_t word;
    memcpy(&word, bytes, 8);
    return word;
}

INLINE uint64_t mask_of(uint32_t bits) { return bits >= 64 ? ~(uint64_t)0 : ((uint64_t)1 << bits) - 1; }

void mrs_pack_u64(
    const uint64_t *ids, size_t count, uint64_t base, uint32_t bits, uint8_t *values) {
    size_t bit = 0;
    for (size_t i = 0; i < count; i++, bit += bits) {
        uint64_t word = load(values + bit / 8) | (ids[i] - base) << (bit % 8);
        memcpy(values + bit / 8, &word, 8);
    }
}

#define UNPACK(NAME, TYPE)                                                                    \
    void NAME(                                                                                \
        const uint8_t *values, size_t count, uint64_t base, uint32_t bits, TYPE *ids) {       \
        uint64_t mask = mask_of(bits);                                                        \
        size_t bit = 0;                                                                       \
        for (size_t i = 0; i < count; i++, bit += bits) {                                     \
            ids[i] = (TYPE)(base + (load(values + bit / 8) >> (bit % 8) & mask));             \
        }                                                                                     \
    }

UNPACK(mrs_unpack_u64, uint64_t)
UNPACK(mrs_unpack_u32, uint32_t)
