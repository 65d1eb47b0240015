#ifndef CMERESTONE_CHECKSUM_H
#define CMERESTONE_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

/// CRC-32C (Castagnoli, reflected polynomial 0x82F63B78) of `count` bytes, continuing from `crc`;
/// start with 0. Uses the SSE4.2 instruction where the processor has it.
uint32_t mrs_crc32c(uint32_t crc, const void *bytes, size_t count);

#endif
