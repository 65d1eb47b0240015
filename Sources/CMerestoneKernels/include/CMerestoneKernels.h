#ifndef CMERESTONE_KERNELS_H
#define CMERESTONE_KERNELS_H

#include "checksum.h"
#include "gather.h"
#include "mapping_guard.h"
#include "shuffle.h"
#include "processes.h"

#endif
