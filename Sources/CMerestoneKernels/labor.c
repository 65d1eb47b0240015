#include "include/labor.h"

#include "clones.h"
#include "philox.h"

#include <string.h>

/// Which lanes' first 64-bit words are below the limit, as all bits or none.
INLINE u32v below(u32v source, uint64_t limit, uint32_t key0, uint32_t key1) {
    u32v words[4];
    philox(source, 0, key0, key1, words);
    const u32v low = (u32v){} + (uint32_t)limit, high = (u32v){} + (uint32_t)(limit >> 32);
    return (u32v)(words[1] < high) | ((u32v)(words[1] == high) & (u32v)(words[0] < low));
}

INLINE size_t keep(
    const uint32_t *sources, uint64_t first, size_t count, uint64_t limit, uint32_t key0,
    uint32_t key1, uint64_t *edges) {
    size_t kept = 0, i = 0;
    for (; i + MRS_PICK_LANES <= count; i += MRS_PICK_LANES) {
        u32v source, flags;
        memcpy(&source, sources + i, sizeof source);
        flags = below(source, limit, key0, key1);
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
        u32v source, flags;
        memcpy(&source, lanes, sizeof source);
        flags = below(source, limit, key0, key1);
        memcpy(lanes, &flags, sizeof lanes);
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
