#include "include/sample.h"

#include "include/prefetch.h"
#include "clones.h"
#include "philox.h"
#include "place.h"

#include <string.h>

// MARK: Picking

/// Floyd's sample of one list, or independent draws, kept in ascending order: for lists or fanouts that
/// vectors do not take.
static void pick_one(
    uint32_t node, uint64_t start, uint64_t count, uint64_t kept, int replaces, uint32_t key0,
    uint32_t key1, uint64_t *out) {
    int narrow = count <= NARROW_LIMIT;
    uint32_t words[4];
    for (uint64_t i = 0; i < kept; i++) {
        uint64_t j = count - kept + i, bound = replaces ? count : j + 1, t;
        if (narrow) {
            if (i % 4 == 0) philox_plain(node, (uint32_t)(i / 4), key0, key1, words);
            t = (uint64_t)words[i % 4] * bound >> 32;
        } else {
            if (i % 2 == 0) philox_plain(node, (uint32_t)(i / 2), key0, key1, words);
            uint64_t word = words[i % 2 * 2] | (uint64_t)words[i % 2 * 2 + 1] << 32;
            t = (uint64_t)((unsigned __int128)word * bound >> 64);
        }
        uint64_t place = i;
        while (place > 0 && out[place - 1] > t) place--;
        if (!replaces && place > 0 && out[place - 1] == t) {
            out[i] = j;
            continue;
        }
        for (uint64_t k = i; k > place; k--) out[k] = out[k - 1];
        out[place] = t;
    }
    for (uint64_t i = 0; i < kept; i++) out[i] += start;
}

/// Lists that wait for their picks, one lane each.
struct lanes {
    uint32_t node[MRS_PICK_LANES];
    uint32_t count[MRS_PICK_LANES];
    uint64_t start[MRS_PICK_LANES];
    uint64_t *out[MRS_PICK_LANES];
};

/// Floyd's sample of 16 lists at once, or independent draws from them. A lane's picks stay in ascending
/// order.
INLINE void pick_lanes(
    const struct lanes *lanes, size_t used, uint32_t kept, int replaces, uint32_t key0,
    uint32_t key1) {
    u32v picks[MRS_PICK_VECTORS], words[4];
    u32v node, count;
    __builtin_memcpy(&node, lanes->node, sizeof node);
    __builtin_memcpy(&count, lanes->count, sizeof count);
    u32v j = count - kept;
    for (uint32_t i = 0; i < kept; i++, j += 1) {
        if (i % 4 == 0) philox(node, i / 4, key0, key1, words);
        u32v t = multiply(words[i % 4], replaces ? count : j + 1).high;
        if (!replaces) {
            u32v taken = (u32v){};
            for (uint32_t m = 0; m < i; m++) taken |= (u32v)(picks[m] == t);
            t = (t & ~taken) | (j & taken);
        }
        insert_ascending(picks, i, t);
    }
    const uint32_t *positions = (const uint32_t *)picks;
    for (size_t lane = 0; lane < used; lane++) {
        uint64_t start = lanes->start[lane], *out = lanes->out[lane];
        for (uint32_t i = 0; i < kept; i++) out[i] = start + positions[i * MRS_PICK_LANES + lane];
    }
}

INLINE uint64_t *pick(
    const uint32_t *nodes, const struct mrs_edge_list *lists, size_t count, uint64_t fanout,
    int replaces, uint32_t key0, uint32_t key1, uint64_t *edges) {
    struct lanes lanes = {};
    size_t used = 0;
    for (size_t i = 0; i < count; i++) {
        uint64_t start = lists[i].start, length = lists[i].count;
        if (length == 0) continue;
        if (length <= fanout && !replaces) {
            for (uint64_t k = 0; k < length; k++) edges[k] = start + k;
            edges += length;
        } else if (length <= NARROW_LIMIT && fanout <= MRS_PICK_VECTORS) {
            lanes.node[used] = nodes[i];
            lanes.count[used] = (uint32_t)length;
            lanes.start[used] = start;
            lanes.out[used] = edges;
            edges += fanout;
            if (++used == MRS_PICK_LANES) {
                pick_lanes(&lanes, used, (uint32_t)fanout, replaces, key0, key1);
                used = 0;
            }
        } else {
            pick_one(nodes[i], start, length, fanout, replaces, key0, key1, edges);
            edges += fanout;
        }
    }
    // The lanes that are not used hold old lists or none; their draws are thrown away.
    if (used) pick_lanes(&lanes, used, (uint32_t)fanout, replaces, key0, key1);
    return edges;
}

MRS_CLONES void mrs_pick(
    const uint32_t *nodes, const struct mrs_edge_list *lists, size_t count, uint64_t fanout,
    int replaces, uint32_t key0, uint32_t key1, uint64_t *edges) {
    pick(nodes, lists, count, fanout, replaces, key0, key1, edges);
}

void mrs_pick_baseline(
    const uint32_t *nodes, const struct mrs_edge_list *lists, size_t count, uint64_t fanout,
    int replaces, uint32_t key0, uint32_t key1, uint64_t *edges) {
    pick(nodes, lists, count, fanout, replaces, key0, key1, edges);
}

// MARK: Reading

int64_t mrs_read_lists(
    const uint64_t *indptr, const uint32_t *nodes, size_t count, uint64_t fanout, int64_t total,
    struct mrs_edge_list *lists, int64_t *ends) {
    enum { AHEAD = 64 };
    for (size_t i = 0; i < count; i++) {
        if (i + AHEAD < count) mrs_prefetch(indptr + nodes[i + AHEAD]);
        uint64_t start = indptr[nodes[i]], length = indptr[nodes[i] + (size_t)1] - start;
        lists[i].start = start;
        lists[i].count = length;
        total += (int64_t)(length < fanout ? length : fanout);
        ends[i] = total;
    }
    return total;
}

// MARK: Relabelling

/// Fibonacci hashing.
INLINE size_t slot_of(uint32_t node, uint32_t bits) {
    return (size_t)((node * 0x9E3779B97F4A7C15u) >> (64 - bits));
}

/// Whether a node is new decides no branch: half of them are, in no order. The stamps of all `known`
/// sources, of which `count` are numbered, are fetched.
INLINE void relabel_by_stamps(
    struct mrs_hop *hop, uint32_t *indices, size_t count, size_t known) {
    uint32_t *stamps = hop->stamps, *nodes = hop->nodes, base = hop->base;
    size_t seen = hop->seen;
    // Once more, into the first cache: a load that may meet an earlier store is not done ahead of its
    // turn. Not all of them have come to the second one yet: 16 ahead took 1.15 times as long.
    enum { AHEAD = 128 };
    for (size_t i = 0; i < count; i++) {
        __builtin_prefetch(stamps + indices[i + AHEAD < known ? i + AHEAD : i]);
        uint32_t node = indices[i], stamp = stamps[node];
        int is_new = stamp < base;
        nodes[seen] = node;
        stamp = is_new ? base + (uint32_t)seen : stamp;
        seen += (size_t)is_new;
        stamps[node] = stamp;
        indices[i] = stamp - base;
    }
    hop->seen = seen;
}

INLINE void relabel_by_hash(struct mrs_hop *hop, uint32_t *indices, size_t count) {
    uint64_t *table = hop->table;
    uint32_t *nodes = hop->nodes, base = hop->base, bits = hop->table_bits;
    size_t seen = hop->seen, mask = ((size_t)1 << bits) - 1;
    for (size_t i = 0; i < count; i++) {
        uint32_t node = indices[i];
        size_t slot = slot_of(node, bits);
        uint64_t entry = table[slot];
        // Another node's entry of this mini-batch sends us on.
        while ((uint32_t)entry >= base && (uint32_t)(entry >> 32) != node) {
            slot = (slot + 1) & mask;
            entry = table[slot];
        }
        uint32_t stamp = (uint32_t)entry;
        int is_new = stamp < base;
        nodes[seen] = node;
        stamp = is_new ? base + (uint32_t)seen : stamp;
        seen += (size_t)is_new;
        table[slot] = (uint64_t)node << 32 | stamp;
        indices[i] = stamp - base;
    }
    hop->seen = seen;
}

INLINE void prefetch_label(const struct mrs_hop *hop, uint32_t node) {
    if (hop->stamps) {
        mrs_prefetch(hop->stamps + node);
    } else {
        mrs_prefetch(hop->table + slot_of(node, hop->table_bits));
    }
}

/// Whether `count` more nodes leave the hash table at least half empty.
INLINE int has_room(const struct mrs_hop *hop, size_t count) {
    return hop->stamps || 2 * (hop->seen + count) <= (size_t)1 << hop->table_bits;
}

/// Numbers the first `count` of `known` sources.
INLINE void relabel(struct mrs_hop *hop, uint32_t *indices, size_t count, size_t known) {
    if (hop->stamps) {
        relabel_by_stamps(hop, indices, count, known);
    } else {
        relabel_by_hash(hop, indices, count);
    }
}

size_t mrs_relabel(struct mrs_hop *hop, uint32_t *indices, size_t count) {
    enum { PART = 256 };
    size_t fetched = 0;
    for (size_t first = 0; first < count; first += PART) {
        size_t part = count - first < PART ? count - first : PART;
        if (!has_room(hop, part)) return first;
        // A part ahead: what is fetched now arrives while another part is numbered.
        size_t upper = count - first < 2 * PART ? count : first + 2 * PART;
        for (; fetched < upper; fetched++) prefetch_label(hop, indices[fetched]);
        relabel(hop, indices + first, part, fetched - first);
    }
    return count;
}

// MARK: A hop

/// Edges that a chunk aims at, so that what was prefetched for it is still in the cache when it is
/// read.
enum { CHUNK_EDGES = 1024, MAXIMUM_CHUNK = 256, MINIMUM_CHUNK = 16, RELABEL_PART = 2048 };

INLINE size_t chunk_destinations(uint64_t fanout) {
    if (fanout == 0) return MAXIMUM_CHUNK;
    uint64_t fitting = CHUNK_EDGES / fanout;
    if (fitting < MINIMUM_CHUNK) return MINIMUM_CHUNK;
    return fitting < MAXIMUM_CHUNK ? (size_t)fitting : MAXIMUM_CHUNK;
}

void mrs_packed_enter(
    struct mrs_packed_page *page, const uint8_t *values, uint64_t smallest, uint32_t bits) {
    // Several threads may enter the same page: they write the same.
    __atomic_store_n(&page->smallest_and_bits, smallest | (uint64_t)bits << 56, __ATOMIC_RELAXED);
    __atomic_store_n(&page->values, values, __ATOMIC_RELEASE);
}

INLINE const uint8_t *values_of(const struct mrs_packed_page *pages, size_t page) {
    return __atomic_load_n(&pages[page].values, __ATOMIC_ACQUIRE);
}

/// Value `offset` of a page. Ids of up to 2^56; values of 64 bits are those of larger ones, which
/// are stored with a smallest id of 0 in 64 bits.
INLINE uint64_t value_at(const struct mrs_packed_page *page, const uint8_t *values, uint32_t offset) {
    uint64_t head = page->smallest_and_bits, bits = head >> 56, bit = offset * bits, word;
    memcpy(&word, values + bit / 8, 8);
    uint64_t mask = bits < 64 ? ((uint64_t)1 << bits) - 1 : ~(uint64_t)0;
    return (head & (((uint64_t)1 << 56) - 1)) + (word >> bit % 8 & mask);
}

size_t mrs_packed_read(
    const struct mrs_packed_page *pages, const struct mrs_buckets *cut, const uint64_t *edges,
    size_t count, uint64_t *sources, size_t *missing) {
    enum { AHEAD = 32 };
    for (size_t i = 0; i < count; i++) {
        if (i + AHEAD < count) {
            struct place next = place_of(cut, edges[i + AHEAD]);
            const uint8_t *values = values_of(pages, next.bucket);
            uint64_t bits = pages[next.bucket].smallest_and_bits >> 56;
            if (values) mrs_prefetch(values + next.offset * bits / 8);
        }
        struct place place = place_of(cut, edges[i]);
        const uint8_t *values = values_of(pages, place.bucket);
        if (!values) {
            *missing = place.bucket;
            return i;
        }
        sources[i] = value_at(pages + place.bucket, values, place.offset);
    }
    return count;
}

/// Fetches what the sources of new edges will be read from.
INLINE void prefetch_sources(const struct mrs_hop *hop, size_t first, size_t end) {
    if (hop->sources) {
        for (size_t i = first; i < end; i++) mrs_prefetch(hop->sources + hop->edges[i]);
        return;
    }
    for (size_t i = first; i < end; i++) {
        struct place place = place_of(hop->page_cut, hop->edges[i]);
        const uint8_t *values = values_of(hop->pages, place.bucket);
        if (!values) continue;
        uint64_t bits = hop->pages[place.bucket].smallest_and_bits >> 56;
        const uint8_t *word = values + place.offset * bits / 8;
        mrs_prefetch(word);
        mrs_prefetch(word + 7);
    }
}

/// Reads sources into `indices`. Returns where it stopped: at `end`, or before an edge whose page is
/// missing.
INLINE size_t read_sources(struct mrs_hop *hop, size_t first, size_t end) {
    if (hop->sources) {
        for (size_t i = first; i < end; i++) {
            uint32_t source = hop->sources[hop->edges[i]];
            hop->indices[i] = source;
            prefetch_label(hop, source);
        }
        return end;
    }
    for (size_t i = first; i < end; i++) {
        struct place place = place_of(hop->page_cut, hop->edges[i]);
        const uint8_t *values = values_of(hop->pages, place.bucket);
        if (__builtin_expect(!values, 0)) {
            hop->missing_page = place.bucket;
            return i;
        }
        uint32_t source = (uint32_t)value_at(hop->pages + place.bucket, values, place.offset);
        hop->indices[i] = source;
        prefetch_label(hop, source);
    }
    return end;
}

MRS_CLONES int mrs_sample_hop(struct mrs_hop *hop) {
    size_t chunk = chunk_destinations(hop->fanout);
    while (hop->done < hop->destinations || hop->relabelled < hop->picked) {
        size_t picked = hop->picked, gathered = hop->gathered;
        if (hop->done < hop->destinations) {
            size_t count = hop->destinations - hop->done;
            if (count > chunk) count = chunk;
            uint64_t *end = pick(
                hop->destination_nodes + hop->done, hop->lists + hop->done, count, hop->fanout,
                0, hop->key0, hop->key1, hop->edges + picked);
            hop->done += count;
            hop->picked = (size_t)(end - hop->edges);
        }
        // What is near goes before what is far.
        hop->gathered = read_sources(hop, gathered, picked);
        prefetch_sources(hop, picked, hop->picked);
        if (hop->gathered < picked) return 2;
        while (hop->relabelled < gathered) {
            size_t count = gathered - hop->relabelled;
            if (count > RELABEL_PART) count = RELABEL_PART;
            if (!has_room(hop, count)) return 0;
            relabel(
                hop, hop->indices + hop->relabelled, count, hop->gathered - hop->relabelled);
            hop->relabelled += count;
        }
    }
    return 1;
}

/// How far ahead of what is relabelled sources are fetched.
enum { FINISH_PART = 512 };

MRS_CLONES int mrs_finish_hop(struct mrs_hop *hop) {
    while (hop->relabelled < hop->picked) {
        size_t gathered = hop->gathered, end = gathered + FINISH_PART;
        if (end > hop->picked) end = hop->picked;
        size_t ahead = end + FINISH_PART < hop->picked ? end + FINISH_PART : hop->picked;
        if (gathered == 0) prefetch_sources(hop, 0, end);
        prefetch_sources(hop, end, ahead);
        hop->gathered = read_sources(hop, gathered, end);
        if (hop->gathered < end) return 2;
        // The last part is relabelled when there is nothing more to read.
        size_t ready = end < hop->picked ? gathered : end;
        while (hop->relabelled < ready) {
            size_t count = ready - hop->relabelled;
            if (count > RELABEL_PART) count = RELABEL_PART;
            if (!has_room(hop, count)) return 0;
            relabel(
                hop, hop->indices + hop->relabelled, count, hop->gathered - hop->relabelled);
            hop->relabelled += count;
        }
    }
    return 1;
}
