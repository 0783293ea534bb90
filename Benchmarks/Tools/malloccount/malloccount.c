// Counts heap allocations of the process it is preloaded into:
//
//     MALLOCCOUNT_FILE=counts LD_PRELOAD=libmalloccount.so ./server
//
// The counters live in a file mapped by both sides, so a reading disturbs nothing: no signal, no output, no allocation.
// It stands on glibc's own __libc_ entry points rather than on dlsym, which may itself allocate.

#include "malloccount.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);
extern void __libc_free(void *);

// Until the file is mapped, and if there is none, counts go where nobody looks.
static struct malloccount unmapped;
static struct malloccount *counts = &unmapped;

__attribute__((constructor)) static void map_counts(void) {
    const char *path = getenv("MALLOCCOUNT_FILE");
    if (path == NULL) return;
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) return;
    if (ftruncate(fd, sizeof *counts) == 0) {
        void *shared = mmap(NULL, sizeof *counts, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (shared != MAP_FAILED) counts = shared;
    }
    close(fd);
}

static void count(uint64_t *counter, size_t bytes) {
    __atomic_fetch_add(counter, 1, __ATOMIC_RELAXED);
    __atomic_fetch_add(&counts->bytes, bytes, __ATOMIC_RELAXED);
}

void *malloc(size_t size) {
    count(&counts->mallocs, size);
    return __libc_malloc(size);
}

void *calloc(size_t members, size_t size) {
    count(&counts->callocs, members * size);
    return __libc_calloc(members, size);
}

void *realloc(void *old, size_t size) {
    count(&counts->reallocs, size);
    return __libc_realloc(old, size);
}

void free(void *pointer) {
    if (pointer != NULL) count(&counts->frees, 0);
    __libc_free(pointer);
}

void *memalign(size_t alignment, size_t size) {
    count(&counts->aligned, size);
    return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
    return memalign(alignment, size);
}

int posix_memalign(void **result, size_t alignment, size_t size) {
    void *pointer = memalign(alignment, size);
    if (pointer == NULL) return ENOMEM;
    *result = pointer;
    return 0;
}
