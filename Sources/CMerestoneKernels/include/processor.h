#ifndef CMERESTONE_PROCESSOR_H
#define CMERESTONE_PROCESSOR_H

/// Whether the processor and the operating system offer AVX-512 (the x86-64-v4 set).
int mrs_has_avx512(void);

#endif
