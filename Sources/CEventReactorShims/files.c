#define _GNU_SOURCE
#include "CEventReactorShims.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/uio.h>
#include <unistd.h>

int64_t er_sendfile(int socket, int file, int64_t offset, int64_t count) {
    off_t from = offset;
    ssize_t sent;
    do {
        sent = sendfile(socket, file, &from, (size_t)count);
    } while (sent < 0 && errno == EINTR);
    return sent < 0 ? -errno : sent;
}

int64_t er_pread_cached(int file, void *buffer, uint64_t count, int64_t offset) {
    struct iovec piece = {buffer, (size_t)count};
    ssize_t done;
    do {
        done = preadv2(file, &piece, 1, (off_t)offset, RWF_NOWAIT);
    } while (done < 0 && errno == EINTR);
    return done < 0 ? -errno : done;
}

int er_pipe(int size, int ends[2]) {
    if (pipe2(ends, O_NONBLOCK | O_CLOEXEC) < 0) return -errno;
    // The capacity is limited per pipe and per user: a user with many pipes gets small ones that cannot grow.
    int capacity = fcntl(ends[1], F_GETPIPE_SZ);
    for (; size > capacity; size /= 2) {
        int grown = fcntl(ends[1], F_SETPIPE_SZ, size);
        if (grown >= 0) return grown;
    }
    return capacity < 0 ? 0 : capacity;
}

int64_t er_splice(int from, int to, int64_t count) {
    ssize_t moved;
    do {
        moved = splice(from, NULL, to, NULL, (size_t)count, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
    } while (moved < 0 && errno == EINTR);
    return moved < 0 ? -errno : moved;
}
