#ifndef CMERESTONE_KERNELS_H
#define CMERESTONE_KERNELS_H

#include "checksum.h"

#endif
