#define _GNU_SOURCE
#include "include/mapping_guard.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <unistd.h>

// More mappings than this fail in the kernel first (vm.max_map_count is 65,530 by default).
// Slots that were never used stay untouched zero pages.
enum { SLOT_COUNT = 65536 };

enum { FREE = 0, CHANGING = 1, ACTIVE = 2, STATUS_MASK = 3, GENERATION = 4 };

struct slot {
    // Status in the two low bits; the rest counts changes, so that the handler can tell that
    // `base` and `length` belong together.
    _Atomic uint64_t state;
    _Atomic uintptr_t base;
    _Atomic size_t length;
    _Atomic int32_t damaged;
};

static struct slot slots[SLOT_COUNT];
static _Atomic int32_t used_slots;
// Where to look for a free slot first: mostly the lowest one.
static _Atomic int32_t free_hint;
static struct sigaction previous;
static uintptr_t page_bytes;
static pthread_once_t installed = PTHREAD_ONCE_INIT;

static struct slot *slot_holding(uintptr_t address) {
    int32_t count = atomic_load_explicit(&used_slots, memory_order_acquire);
    for (int32_t i = 0; i < count; i++) {
        struct slot *slot = &slots[i];
        uint64_t before = atomic_load_explicit(&slot->state, memory_order_acquire);
        if ((before & STATUS_MASK) != ACTIVE) continue;
        uintptr_t base = atomic_load_explicit(&slot->base, memory_order_relaxed);
        size_t length = atomic_load_explicit(&slot->length, memory_order_relaxed);
        atomic_thread_fence(memory_order_acquire);
        if (atomic_load_explicit(&slot->state, memory_order_relaxed) != before) continue;
        if (address - base < length) return slot;
    }
    return NULL;
}

static void pass_on(int number, siginfo_t *info, void *context) {
    if ((previous.sa_flags & SA_SIGINFO) && previous.sa_sigaction) {
        previous.sa_sigaction(number, info, context);
    } else if (previous.sa_handler != SIG_DFL && previous.sa_handler != SIG_IGN) {
        previous.sa_handler(number);
    } else {
        // The default action ends the process, as soon as this handler returns.
        signal(SIGBUS, SIG_DFL);
        raise(SIGBUS);
    }
}

static void handle(int number, siginfo_t *info, void *context) {
    int saved = errno;
    struct slot *slot = NULL;
    if (info->si_code == BUS_ADRERR) slot = slot_holding((uintptr_t)info->si_addr);
    if (slot) {
        void *page = (void *)((uintptr_t)info->si_addr & ~(page_bytes - 1));
        void *zeros = mmap(page, page_bytes, PROT_READ, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        atomic_store_explicit(&slot->damaged, 1, memory_order_release);
        if (zeros != MAP_FAILED) {
            errno = saved;
            return;
        }
    }
    errno = saved;
    pass_on(number, info, context);
}

static void install(void) {
    page_bytes = (uintptr_t)sysconf(_SC_PAGESIZE);
    struct sigaction action = {0};
    action.sa_sigaction = handle;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    sigemptyset(&action.sa_mask);
    sigaction(SIGBUS, &action, &previous);
}

int32_t mrs_guard_add(const void *base, size_t length) {
    pthread_once(&installed, install);
    int32_t start = atomic_load_explicit(&free_hint, memory_order_relaxed);
    for (int32_t tried = 0; tried < SLOT_COUNT; tried++) {
        int32_t i = (start + tried) % SLOT_COUNT;
        struct slot *slot = &slots[i];
        uint64_t state = atomic_load_explicit(&slot->state, memory_order_relaxed);
        if ((state & STATUS_MASK) != FREE) continue;
        if (!atomic_compare_exchange_strong(&slot->state, &state, state | CHANGING)) continue;
        atomic_store_explicit(&slot->base, (uintptr_t)base, memory_order_relaxed);
        atomic_store_explicit(&slot->length, length, memory_order_relaxed);
        atomic_store_explicit(&slot->damaged, 0, memory_order_relaxed);
        atomic_store_explicit(&slot->state, (state | ACTIVE) + GENERATION, memory_order_release);
        int32_t count = atomic_load_explicit(&used_slots, memory_order_relaxed);
        while (count <= i && !atomic_compare_exchange_weak(&used_slots, &count, i + 1)) {
        }
        atomic_store_explicit(&free_hint, (i + 1) % SLOT_COUNT, memory_order_relaxed);
        return i;
    }
    return -1;
}

void mrs_guard_remove(int32_t slot) {
    if (slot < 0 || slot >= SLOT_COUNT) return;
    uint64_t state = atomic_load_explicit(&slots[slot].state, memory_order_relaxed);
    atomic_store_explicit(
        &slots[slot].state, (state & ~(uint64_t)STATUS_MASK) + GENERATION, memory_order_release);
    if (slot < atomic_load_explicit(&free_hint, memory_order_relaxed)) {
        atomic_store_explicit(&free_hint, slot, memory_order_relaxed);
    }
}

int32_t mrs_guard_damaged(int32_t slot) {
    if (slot < 0 || slot >= SLOT_COUNT) return 0;
    return atomic_load_explicit(&slots[slot].damaged, memory_order_acquire);
}
