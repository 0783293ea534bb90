#define _GNU_SOURCE
#include "CEventReactorShims.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <malloc.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

int er_socket(int domain, int type) {
    return socket(domain, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

int er_accept(int listener) {
    return accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

int er_accept_from(int listener, void *address, uint32_t *length) {
    *length = sizeof(struct sockaddr_storage);
    return accept4(listener, address, length, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

int er_eventfd(void) {
    return eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
}

int er_timerfd(void) {
    return timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
}

int er_open_reserve(void) {
    return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

void er_release_memory(void) {
#ifdef __GLIBC__
    malloc_trim(0);
#endif
}

void er_eventfd_wake(int fd) {
    // It can fail only if the counter is full, and then the reader is awake already.
    (void)!write(fd, &(uint64_t){1}, sizeof(uint64_t));
}

int er_timerfd_arm(int fd, int64_t nanoseconds) {
    // A time of zero disarms the timer, so the earliest time is 1 ns.
    int64_t time = nanoseconds < 1 ? 1 : nanoseconds;
    struct itimerspec when = {.it_value = {.tv_sec = time / 1000000000, .tv_nsec = time % 1000000000}};
    return timerfd_settime(fd, TFD_TIMER_ABSTIME, &when, NULL);
}

static int count_bytes(int fd, unsigned long request) {
    int count = 0;
    return ioctl(fd, request, &count) < 0 ? -1 : count;
}

int er_unacknowledged(int fd) {
    return count_bytes(fd, SIOCOUTQ);
}

int er_unread(int fd) {
    return count_bytes(fd, FIONREAD);
}

int64_t er_monotonic_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}
