#ifndef MERESTONE_PREFETCH_H
#define MERESTONE_PREFETCH_H

/// Asks for the cache line of an address, which need not be readable.
static inline void mrs_prefetch(const void *address) { __builtin_prefetch(address); }

#endif
