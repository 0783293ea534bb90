#define _GNU_SOURCE
#include "CEventReactorShims.h"

#include <errno.h>
#include <stddef.h>
#include <sys/epoll.h>

_Static_assert(sizeof(struct er_epoll_event) == sizeof(struct epoll_event), "the kernel's layout");
_Static_assert(offsetof(struct er_epoll_event, data) == offsetof(struct epoll_event, data), "the kernel's layout");
_Static_assert(ER_EPOLL_IN == EPOLLIN && ER_EPOLL_OUT == EPOLLOUT, "the kernel's values");
_Static_assert(ER_EPOLL_EDGE == (uint32_t)EPOLLET, "the kernel's value");

int er_epoll_create(void) {
    return epoll_create1(EPOLL_CLOEXEC);
}

static int control(int epoll, int operation, int fd, uint32_t events, uint64_t data) {
    struct epoll_event event = {.events = events, .data.u64 = data};
    return epoll_ctl(epoll, operation, fd, &event) == 0 ? 0 : errno;
}

int er_epoll_add(int epoll, int fd, uint32_t events, uint64_t data) {
    return control(epoll, EPOLL_CTL_ADD, fd, events, data);
}

int er_epoll_modify(int epoll, int fd, uint32_t events, uint64_t data) {
    return control(epoll, EPOLL_CTL_MOD, fd, events, data);
}

int er_epoll_remove(int epoll, int fd) {
    return control(epoll, EPOLL_CTL_DEL, fd, 0, 0);
}

int er_epoll_wait(int epoll, struct er_epoll_event *events, int capacity, int waits) {
    int count = epoll_wait(epoll, (struct epoll_event *)events, capacity, waits ? -1 : 0);
    return count < 0 ? 0 : count;
}
