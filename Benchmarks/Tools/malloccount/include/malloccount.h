#pragma once

#include <stdint.h>

// What the preloaded library writes to the start of the file named by MALLOCCOUNT_FILE, and what the driver reads.
// Counts but the last only ever grow: two readings subtracted tell what happened between them.
struct malloccount {
    uint64_t mallocs;
    uint64_t callocs;
    uint64_t reallocs;
    uint64_t aligned;  // posix_memalign, aligned_alloc, memalign
    uint64_t frees;    // of anything but NULL
    uint64_t bytes;    // asked for, by all of the above
    uint64_t named;    // the allocations among these that were made by the libraries in MALLOCCOUNT_LIBRARIES
    uint64_t live;     // bytes in use now, with what the allocator rounded them up to
};
