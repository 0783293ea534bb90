#define _GNU_SOURCE
#include "CEventReactorShims.h"

#include <pthread.h>
#include <stdatomic.h>

static atomic_bool has_forked;

static void forked(void) {
    atomic_store_explicit(&has_forked, 1, memory_order_relaxed);
}

// What the child closes is its copy, and its parent's to end.
static void begin_in_child(void) {
    atomic_store_explicit(&has_forked, 0, memory_order_relaxed);
}

__attribute__((constructor)) static void see_to_forks(void) {
    pthread_atfork(0, forked, begin_in_child);
}

int er_has_forked(void) {
    return atomic_load_explicit(&has_forked, memory_order_relaxed);
}
