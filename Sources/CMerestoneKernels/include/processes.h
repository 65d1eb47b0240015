#ifndef CMERESTONE_PROCESSES_H
#define CMERESTONE_PROCESSES_H

#include <spawn.h>
#include <stdint.h>

// Words in memory that several processes map. Swift has no atomics for memory that it did not
// allocate, and cannot call variadic functions or glibc's GNU extensions.

static inline uint32_t mrs_load_u32(const uint32_t *word) {
    return __atomic_load_n(word, __ATOMIC_SEQ_CST);
}

static inline void mrs_store_u32(uint32_t *word, uint32_t value) {
    __atomic_store_n(word, value, __ATOMIC_SEQ_CST);
}

/// Adds and returns the value before.
static inline uint32_t mrs_add_u32(uint32_t *word, uint32_t value) {
    return __atomic_fetch_add(word, value, __ATOMIC_SEQ_CST);
}

static inline uint64_t mrs_load_u64(const uint64_t *word) {
    return __atomic_load_n(word, __ATOMIC_SEQ_CST);
}

static inline void mrs_store_u64(uint64_t *word, uint64_t value) {
    __atomic_store_n(word, value, __ATOMIC_SEQ_CST);
}

static inline uint64_t mrs_add_u64(uint64_t *word, uint64_t value) {
    return __atomic_fetch_add(word, value, __ATOMIC_SEQ_CST);
}

/// Tells the processor that the caller spins.
static inline void mrs_spin_hint(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/// Sleeps while `word` holds `expected`, at most `milliseconds`; may wake early.
void mrs_futex_wait(uint32_t *word, uint32_t expected, int milliseconds);

/// Wakes every process that sleeps on `word`.
void mrs_futex_wake_all(uint32_t *word);

/// Makes an unnamed file in memory of `bytes` zeroes, closed on exec; -1 and errno on failure.
int mrs_memory_file(const char *name, int64_t bytes);

/// Has the kernel kill the calling process when the thread that started it ends; 0 or -1.
int mrs_die_with_parent(void);

/// Gives memory that the allocator keeps for later back to the kernel.
void mrs_trim_memory(void);

/// Has the allocator take blocks of at least so many bytes from the kernel one by one, and give them
/// back when they are freed; by default it comes to keep ever larger ones.
void mrs_map_blocks_from(int bytes);

/// Closes every descriptor from `first` on in the process to be spawned; 0 or an errno.
int mrs_spawn_close_from(posix_spawn_file_actions_t *actions, int first);

#endif
