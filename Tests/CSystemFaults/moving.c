// The calls that move bytes.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <fcntl.h>
#include <unistd.h>

#include "faults.h"

#define FAIL(code) return errno = (code), -1

ssize_t recv(int socket, void *bytes, size_t count, int flags) {
    REAL(ssize_t, recv, int, void *, size_t, int);
    int code = FAULT(FAULT_RECV, socket, EAGAIN, EINTR, ECONNRESET, ETIMEDOUT, ENOMEM, EHOSTUNREACH);
    if (code) FAIL(code);
    return real(socket, bytes, fault_short(count), flags);
}

ssize_t send(int socket, const void *bytes, size_t count, int flags) {
    REAL(ssize_t, send, int, const void *, size_t, int);
    int code = FAULT(FAULT_SEND, socket, EAGAIN, EINTR, ECONNRESET, EPIPE, ENOBUFS, ENOMEM, ETIMEDOUT);
    if (code) FAIL(code);
    return real(socket, bytes, fault_short(count), flags);
}

// The message with its first piece cut to a part.
static size_t cut(struct iovec *piece, const struct iovec *pieces, size_t count) {
    if (count == 0 || pieces[0].iov_len == 0) return 0;
    piece->iov_base = pieces[0].iov_base;
    piece->iov_len = fault_short(pieces[0].iov_len);
    return piece->iov_len < pieces[0].iov_len;
}

ssize_t sendmsg(int socket, const struct msghdr *message, int flags) {
    REAL(ssize_t, sendmsg, int, const struct msghdr *, int);
    int code = FAULT(FAULT_SENDMSG, socket, EAGAIN, EINTR, ECONNRESET, EPIPE, ENOBUFS, ENOMEM, ETIMEDOUT);
    if (code) FAIL(code);
    struct iovec piece;
    struct msghdr shorter = *message;
    if (cut(&piece, message->msg_iov, message->msg_iovlen)) {
        shorter.msg_iov = &piece;
        shorter.msg_iovlen = 1;
    }
    return real(socket, &shorter, flags);
}

ssize_t readv(int descriptor, const struct iovec *pieces, int count) {
    REAL(ssize_t, readv, int, const struct iovec *, int);
    int code = FAULT(FAULT_READV, descriptor, EAGAIN, EINTR, ECONNRESET, ETIMEDOUT, ENOMEM, EIO);
    if (code) FAIL(code);
    struct iovec piece;
    if (cut(&piece, pieces, (size_t)count)) return real(descriptor, &piece, 1);
    return real(descriptor, pieces, count);
}

ssize_t writev(int descriptor, const struct iovec *pieces, int count) {
    REAL(ssize_t, writev, int, const struct iovec *, int);
    int code = FAULT(FAULT_WRITEV, descriptor, EAGAIN, EINTR, ECONNRESET, EPIPE, ENOBUFS, ETIMEDOUT);
    if (code) FAIL(code);
    struct iovec piece;
    if (cut(&piece, pieces, (size_t)count)) return real(descriptor, &piece, 1);
    return real(descriptor, pieces, count);
}

ssize_t splice(int from, off64_t *from_offset, int to, off64_t *to_offset, size_t count, unsigned flags) {
    REAL(ssize_t, splice, int, off64_t *, int, off64_t *, size_t, unsigned);
    int code = FAULT(FAULT_SPLICE, from, EAGAIN, EINTR, EINVAL, ENOMEM, ECONNRESET, EPIPE);
    if (code) FAIL(code);
    return real(from, from_offset, to, to_offset, fault_short(count), flags);
}

ssize_t sendfile(int socket, int file, off_t *offset, size_t count) {
    REAL(ssize_t, sendfile, int, int, off_t *, size_t);
    int code = FAULT(
        FAULT_SENDFILE, socket, EAGAIN, EINTR, EINVAL, EIO, ENOMEM, EOVERFLOW, ECONNRESET, EPIPE);
    if (code) FAIL(code);
    return real(socket, file, offset, fault_short(count));
}

ssize_t preadv2(int descriptor, const struct iovec *pieces, int count, off_t offset, int flags) {
    REAL(ssize_t, preadv2, int, const struct iovec *, int, off_t, int);
    int code = FAULT(FAULT_PREADV2, descriptor, EAGAIN, EINTR, EIO, EOPNOTSUPP);
    if (code) FAIL(code);
    struct iovec piece;
    if (cut(&piece, pieces, (size_t)count)) return real(descriptor, &piece, 1, offset, flags);
    return real(descriptor, pieces, count, offset, flags);
}
