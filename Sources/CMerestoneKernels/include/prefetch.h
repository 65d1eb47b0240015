#ifndef MERESTONE_PREFETCH_H
#define MERESTONE_PREFETCH_H

/// Asks for the cache line of an address, which need not be readable, to come into the second cache.
///
/// Nearer than that it would wait in the queue of the first one, which is short: two threads of an
/// EPYC (Zen 4) get 170 million random lines a second of 268 MB that way, and 400 this way.
static inline void mrs_prefetch(const void *address) { __builtin_prefetch(address, 0, 2); }

#endif
