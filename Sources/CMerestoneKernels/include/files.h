#ifndef MRS_FILES_H
#define MRS_FILES_H

#include <stdint.h>

/// Gives the disk space of a part of a file back; it reads as zeros from then on.
/// Returns 0, or -1 where the file system can't.
int mrs_release_range(int descriptor, int64_t offset, int64_t count);

/// Asks the kernel to begin bringing a part of a file to the disk, without waiting for it. A hint:
/// failure changes nothing.
void mrs_start_writeback(int descriptor, int64_t offset, int64_t count);

#endif
