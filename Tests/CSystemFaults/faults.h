// What the interposed calls share.
#pragma once

#include <stddef.h>
#include <stdint.h>

enum fault_call {
    FAULT_RECV, FAULT_SEND, FAULT_SENDMSG, FAULT_READV, FAULT_WRITEV, FAULT_SPLICE, FAULT_SENDFILE, FAULT_PREADV2,
    FAULT_ACCEPT4, FAULT_SOCKET, FAULT_CONNECT, FAULT_PIPE2, FAULT_EPOLL_ADD, FAULT_EPOLL_MOD, FAULT_EPOLL_WAIT,
    FAULT_EPOLL_CREATE, FAULT_EVENTFD, FAULT_TIMERFD_CREATE, FAULT_TIMERFD_SETTIME, FAULT_CLOSE, FAULT_CALLS
};

// An errno with which the call is to fail now, or 0.
int fault(enum fault_call call, int descriptor, const int *codes, size_t count);
// How many bytes the call is to move at most.
size_t fault_short(size_t count);

// Whether the call is to fail, with one of the errnos that its manual page names.
#define FAULT(call, descriptor, ...) \
    fault(call, descriptor, (const int[]){__VA_ARGS__}, sizeof((const int[]){__VA_ARGS__}) / sizeof(int))

// The definition that comes after this program's: the C library's.
#define REAL(type, name, ...) \
    static type (*real)(__VA_ARGS__); \
    if (!real) real = (type(*)(__VA_ARGS__))dlsym(RTLD_NEXT, #name)
