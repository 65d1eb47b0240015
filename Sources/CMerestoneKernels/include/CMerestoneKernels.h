#ifndef CMERESTONE_KERNELS_H
#define CMERESTONE_KERNELS_H

#include "aggregate.h"
#include "buckets.h"
#include "checksum.h"
#include "elias_fano.h"
#include "files.h"
#include "gather.h"
#include "labor.h"
#include "mapping_guard.h"
#include "packed.h"
#include "parse.h"
#include "shuffle.h"
#include "processes.h"
#include "dense.h"
#include "dropout.h"
#include "processor.h"
#include "sample.h"
#include "weighted.h"

#endif
