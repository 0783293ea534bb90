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

void er_eventfd_wake(int descriptor) {
    // It can only fail when the counter is full, and then the watcher is awake.
    (void)!write(descriptor, &(uint64_t){1}, sizeof(uint64_t));
}

int er_timerfd_arm(int descriptor, int64_t nanoseconds) {
    // An all-zero time disarms, so the earliest that can be asked for is 1 ns.
    int64_t time = nanoseconds < 1 ? 1 : nanoseconds;
    struct itimerspec when = {.it_value = {.tv_sec = time / 1000000000, .tv_nsec = time % 1000000000}};
    return timerfd_settime(descriptor, TFD_TIMER_ABSTIME, &when, NULL);
}

int er_unacknowledged(int descriptor) {
    int count = 0;
    return ioctl(descriptor, SIOCOUTQ, &count) < 0 ? -1 : count;
}

int64_t er_monotonic_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}
