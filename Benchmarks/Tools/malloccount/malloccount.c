// Counts heap allocations of the process it is preloaded into:
//
//     MALLOCCOUNT_FILE=counts LD_PRELOAD=libmalloccount.so ./server
//
// The counters live in a file mapped by both sides, so a reading disturbs nothing: no signal, no output, no allocation.
// It stands on glibc's own __libc_ entry points rather than on dlsym, which may itself allocate.

#include "malloccount.h"

#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <malloc.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
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

// Where the libraries are whose allocations are told apart.
static struct { uintptr_t start, end; } named[4];
static unsigned named_count;

// A library is named by its file's name up to the first dot.
static int find_named(struct dl_phdr_info *info, size_t size, void *list) {
    (void)size;
    const char *slash = strrchr(info->dlpi_name, '/');
    const char *file = slash != NULL ? slash + 1 : info->dlpi_name;
    size_t length = strcspn(file, ".");
    char name[64];
    if (length == 0 || length >= sizeof name || named_count == sizeof named / sizeof *named) return 0;
    memcpy(name, file, length);
    name[length] = 0;
    if (strstr(list, name) == NULL) return 0;
    uintptr_t start = UINTPTR_MAX, end = 0;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
        if (segment->p_type != PT_LOAD) continue;
        uintptr_t first = info->dlpi_addr + segment->p_vaddr;
        if (first < start) start = first;
        if (first + segment->p_memsz > end) end = first + segment->p_memsz;
    }
    named[named_count].start = start;
    named[named_count++].end = end;
    return 0;
}

__attribute__((constructor)) static void map_counts(void) {
    char *libraries = getenv("MALLOCCOUNT_LIBRARIES");
    if (libraries != NULL) dl_iterate_phdr(find_named, libraries);
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

static bool is_named(const void *caller) {
    uintptr_t address = (uintptr_t)caller;
    for (unsigned i = 0; i < named_count; i++)
        if (address >= named[i].start && address < named[i].end) return true;
    return false;
}

static void add(uint64_t *counter, uint64_t value) {
    __atomic_fetch_add(counter, value, __ATOMIC_RELAXED);
}

static void *counted(uint64_t *counter, void *block, size_t bytes, const void *caller) {
    add(counter, 1);
    add(&counts->bytes, bytes);
    add(&counts->live, malloc_usable_size(block));
    if (named_count > 0 && is_named(caller)) add(&counts->named, 1);
    return block;
}

#define CALLER __builtin_return_address(0)

void *malloc(size_t size) {
    return counted(&counts->mallocs, __libc_malloc(size), size, CALLER);
}

void *calloc(size_t members, size_t size) {
    return counted(&counts->callocs, __libc_calloc(members, size), members * size, CALLER);
}

void *realloc(void *old, size_t size) {
    add(&counts->live, -(uint64_t)malloc_usable_size(old));
    return counted(&counts->reallocs, __libc_realloc(old, size), size, CALLER);
}

void free(void *pointer) {
    if (pointer == NULL) return;
    add(&counts->frees, 1);
    add(&counts->live, -(uint64_t)malloc_usable_size(pointer));
    __libc_free(pointer);
}

void *memalign(size_t alignment, size_t size) {
    return counted(&counts->aligned, __libc_memalign(alignment, size), size, CALLER);
}

void *aligned_alloc(size_t alignment, size_t size) {
    return counted(&counts->aligned, __libc_memalign(alignment, size), size, CALLER);
}

int posix_memalign(void **result, size_t alignment, size_t size) {
    void *pointer = counted(&counts->aligned, __libc_memalign(alignment, size), size, CALLER);
    if (pointer == NULL) return ENOMEM;
    *result = pointer;
    return 0;
}
