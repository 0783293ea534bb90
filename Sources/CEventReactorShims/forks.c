#define _GNU_SOURCE
#include "CEventReactorShims.h"

#include <pthread.h>
#include <stdatomic.h>

static atomic_bool has_forked;

static void note_fork(void) {
    atomic_store_explicit(&has_forked, 1, memory_order_relaxed);
}

// The child starts from the beginning: it has no children.
static void reset_in_child(void) {
    atomic_store_explicit(&has_forked, 0, memory_order_relaxed);
}

__attribute__((constructor)) static void register_fork_handlers(void) {
    pthread_atfork(0, note_fork, reset_in_child);
}

int er_has_forked(void) {
    return atomic_load_explicit(&has_forked, memory_order_relaxed);
}
