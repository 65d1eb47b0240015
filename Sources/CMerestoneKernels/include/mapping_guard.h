#ifndef CMERESTONE_MAPPING_GUARD_H
#define CMERESTONE_MAPPING_GUARD_H

#include <stddef.h>
#include <stdint.h>

/// Keeps the process alive when a mapped file shrinks under it.
///
/// Reading a mapped page that lies past the end of its file raises SIGBUS. For an address inside a
/// guarded mapping, the handler maps a page of zeros over the faulting one, marks the mapping as
/// damaged, and lets the read go on; readers ask `mrs_guard_damaged` before they trust what they
/// read. Any other SIGBUS goes to the handler that was installed before.
///
/// Guards `length` bytes at `base`, which start at a page. Returns a slot, or -1 when all slots
/// are taken. Safe from several threads.
int32_t mrs_guard_add(const void *base, size_t length);

/// Ends the guarding; call it before the memory is unmapped.
void mrs_guard_remove(int32_t slot);

/// 1 if a read of the mapping has hit a page that its file no longer has, else 0.
int32_t mrs_guard_damaged(int32_t slot);

#endif
