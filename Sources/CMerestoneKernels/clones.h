#ifndef CMERESTONE_CLONES_H
#define CMERESTONE_CLONES_H

/// Compiles a function once per instruction set and picks at run time. Only for loops whose
/// result does not depend on the vector width. Empty under the thread sanitizer, where the
/// resolver would run before the sanitizer does.
#if defined(__x86_64__) && !__has_feature(thread_sanitizer)
#define MRS_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define MRS_CLONES
#endif

/// For what clones share: a call would leave their instruction set.
#define INLINE static inline __attribute__((always_inline))

#endif
