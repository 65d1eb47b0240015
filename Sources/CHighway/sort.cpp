#include "CHighway.h"

#include <hwy/contrib/sort/vqsort.h>

// A sorter owns the seed and the buffer of a sort, so each thread has its own.
static const hwy::Sorter &sorter() {
  static thread_local const hwy::Sorter sorter;
  return sorter;
}

void mrs_sort_u64(uint64_t *keys, size_t count) { sorter()(keys, count, hwy::SortAscending()); }

void mrs_sort_u128(uint64_t *pairs, size_t count) {
  sorter()(reinterpret_cast<hwy::uint128_t *>(pairs), count, hwy::SortAscending());
}
