// The calls that make descriptors, watch them and close them.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "faults.h"

#define FAIL(code) return errno = (code), -1

int accept4(int listener, struct sockaddr *restrict address, socklen_t *restrict length, int flags) {
    REAL(int, accept4, int, struct sockaddr *, socklen_t *, int);
    int code = FAULT(
        FAULT_ACCEPT4, listener, EAGAIN, EINTR, ECONNABORTED, EMFILE, ENFILE, ENOBUFS, ENOMEM, EPERM, EPROTO, ENETDOWN,
        ENOPROTOOPT, EHOSTDOWN, ENONET, EHOSTUNREACH, EOPNOTSUPP, ENETUNREACH, ETIMEDOUT);
    if (code) FAIL(code);
    return real(listener, address, length, flags);
}

int socket(int domain, int type, int protocol) {
    REAL(int, socket, int, int, int);
    int code = FAULT(FAULT_SOCKET, -1, EACCES, EAFNOSUPPORT, EMFILE, ENFILE, ENOBUFS, ENOMEM);
    if (code) FAIL(code);
    return real(domain, type, protocol);
}

int connect(int descriptor, const struct sockaddr *address, socklen_t length) {
    REAL(int, connect, int, const struct sockaddr *, socklen_t);
    int code = FAULT(
        FAULT_CONNECT, descriptor, EINTR, EAGAIN, EACCES, EPERM, EADDRNOTAVAIL, ECONNREFUSED, ENETUNREACH, EHOSTUNREACH,
        ETIMEDOUT);
    if (code) FAIL(code);
    return real(descriptor, address, length);
}

int pipe2(int ends[2], int flags) {
    REAL(int, pipe2, int *, int);
    int code = FAULT(FAULT_PIPE2, -1, EMFILE, ENFILE);
    if (code) FAIL(code);
    return real(ends, flags);
}

int epoll_ctl(int epoll, int operation, int descriptor, struct epoll_event *event) {
    REAL(int, epoll_ctl, int, int, int, struct epoll_event *);
    int code = 0;
    // What the page names for taking a descriptor out are mistakes of the caller's.
    if (operation == EPOLL_CTL_ADD) code = FAULT(FAULT_EPOLL_ADD, descriptor, ENOMEM, ENOSPC);
    if (operation == EPOLL_CTL_MOD) code = FAULT(FAULT_EPOLL_MOD, descriptor, ENOMEM);
    if (code) FAIL(code);
    return real(epoll, operation, descriptor, event);
}

int epoll_wait(int epoll, struct epoll_event *events, int capacity, int timeout) {
    REAL(int, epoll_wait, int, struct epoll_event *, int, int);
    int code = FAULT(FAULT_EPOLL_WAIT, epoll, EINTR);
    if (code) FAIL(code);
    return real(epoll, events, capacity, timeout);
}

int epoll_create1(int flags) {
    REAL(int, epoll_create1, int);
    int code = FAULT(FAULT_EPOLL_CREATE, -1, EMFILE, ENFILE, ENOMEM);
    if (code) FAIL(code);
    return real(flags);
}

int eventfd(unsigned value, int flags) {
    REAL(int, eventfd, unsigned, int);
    int code = FAULT(FAULT_EVENTFD, -1, EMFILE, ENFILE, ENODEV, ENOMEM);
    if (code) FAIL(code);
    return real(value, flags);
}

int timerfd_create(clockid_t clock, int flags) {
    REAL(int, timerfd_create, clockid_t, int);
    int code = FAULT(FAULT_TIMERFD_CREATE, -1, EMFILE, ENFILE, ENODEV, ENOMEM);
    if (code) FAIL(code);
    return real(clock, flags);
}

int timerfd_settime(int descriptor, int flags, const struct itimerspec *when, struct itimerspec *before) {
    REAL(int, timerfd_settime, int, int, const struct itimerspec *, struct itimerspec *);
    int code = FAULT(FAULT_TIMERFD_SETTIME, descriptor, ECANCELED, EINVAL);
    if (code) FAIL(code);
    return real(descriptor, flags, when, before);
}

int close(int descriptor) {
    REAL(int, close, int);
    int code = FAULT(FAULT_CLOSE, descriptor, EINTR, EIO);
    int result = real(descriptor);
    // Linux has closed the descriptor whatever it answers.
    if (code) FAIL(code);
    return result;
}
