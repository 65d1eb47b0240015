#ifndef MRS_FILES_H
#define MRS_FILES_H

#include <stdint.h>

/// Gives the disk space of a part of a file back; it reads as zeros from then on.
/// Returns 0, or -1 where the file system can't.
int mrs_release_range(int descriptor, int64_t offset, int64_t count);

#endif
