#define _GNU_SOURCE
#include "CEventReactorShims.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>

static _Thread_local void *context;

void *er_thread_context(void) {
    return context;
}

void er_thread_set_context(void *new_context) {
    context = new_context;
}

void er_thread_name(const char *name) {
    // It fails only for a name that is too long.
    (void)pthread_setname_np(pthread_self(), name);
}

// Calls sched_getaffinity with growing sets until one is large enough. Returns NULL on failure.
static cpu_set_t *allowed(int *processors, size_t *size) {
    for (*processors = 1024; *processors <= 1 << 20; *processors *= 2) {
        cpu_set_t *set = CPU_ALLOC((size_t)*processors);
        if (set == NULL) return NULL;
        *size = CPU_ALLOC_SIZE((size_t)*processors);
        if (sched_getaffinity(0, *size, set) == 0) return set;
        CPU_FREE(set);
        if (errno != EINVAL) return NULL;
    }
    return NULL;
}

int er_allowed_processors(int32_t *list, int capacity) {
    int processors, count = 0;
    size_t size;
    cpu_set_t *set = allowed(&processors, &size);
    if (set == NULL) return 0;
    for (int i = 0; i < processors; i++) {
        if (!CPU_ISSET_S((size_t)i, size, set)) continue;
        if (count < capacity) list[count] = i;
        count++;
    }
    CPU_FREE(set);
    return count;
}

int er_thread_pin(int processor) {
    if (processor < 0 || processor >= 1 << 20) return EINVAL;
    size_t size = CPU_ALLOC_SIZE((size_t)processor + 1);
    cpu_set_t *set = CPU_ALLOC((size_t)processor + 1);
    if (set == NULL) return ENOMEM;
    CPU_ZERO_S(size, set);
    CPU_SET_S((size_t)processor, size, set);
    int code = sched_setaffinity(0, size, set) == 0 ? 0 : errno;
    CPU_FREE(set);
    return code;
}
