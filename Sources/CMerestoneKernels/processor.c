#include "include/processor.h"

int mrs_has_avx512(void) {
#if defined(__x86_64__)
    return __builtin_cpu_supports("x86-64-v4");
#else
    return 0;
#endif
}
