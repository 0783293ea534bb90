// What re-arming a timeout costs with libevent, with many of them armed: by event_base_init_common_timeout, and by the
// heap. Speaks as Micro/Timeouts does, with the same orders.

#include <event2/event.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { slice = 1000 * 1000 };

static struct event_base *base;
static struct event **common, **mixed, **heap;
static int count;
static const struct timeval *common_hour;
static const struct timeval hour = {3600, 0};
static double arming;

static int64_t nanoseconds(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000ll + time.tv_nsec;
}

static void on_timeout(evutil_socket_t fd, short what, void *context) {
    (void)fd, (void)what, (void)context;
    abort();
}

static double rearm(struct event **events, const struct timeval *after) {
    int passes = slice / count > 0 ? slice / count : 1;
    int64_t start = nanoseconds();
    for (int pass = 0; pass < passes; pass++)
        for (int i = 0; i < count; i++) event_add(events[i], after);
    return (double)(nanoseconds() - start) / ((double)passes * count);
}

// In a callback, where libevent reads the clock once.
static void on_line(evutil_socket_t fd, short what, void *context) {
    (void)fd, (void)what, (void)context;
    char line[64];
    if (read(0, line, sizeof line) <= 0) {
        event_base_loopbreak(base);
        return;
    }
    double in_order = rearm(common, common_hour), in_disorder = rearm(mixed, common_hour), by_heap = rearm(heap, &hour);
    printf("{\"rearm\": %f, \"rearm_mixed\": %f, \"reset\": %f, \"arm\": %f}\n", in_order, in_disorder, by_heap, arming);
    fflush(stdout);
}

int main(int argc, char **argv) {
    if (argc != 3 || strcmp(argv[1], "--count") != 0 || (count = atoi(argv[2])) <= 0) {
        printf("usage: CTimeouts --count N\n");
        return 2;
    }
    struct event_config *config = event_config_new();
    event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
    base = event_base_new_with_config(config);
    common_hour = event_base_init_common_timeout(base, &hour);
    common = calloc((size_t)count, sizeof *common);
    mixed = calloc((size_t)count, sizeof *mixed);
    heap = calloc((size_t)count, sizeof *heap);
    int64_t start = nanoseconds();
    for (int i = 0; i < count; i++) {
        common[i] = event_new(base, -1, 0, on_timeout, NULL);
        event_add(common[i], common_hour);
    }
    arming = (double)(nanoseconds() - start) / count;
    memcpy(mixed, common, (size_t)count * sizeof *mixed);
    for (int i = count - 1; i > 0; i--) {
        int other = (int)(((uint64_t)random() << 16 ^ (uint64_t)random()) % (uint64_t)(i + 1));
        struct event *event = mixed[i];
        mixed[i] = mixed[other];
        mixed[other] = event;
    }
    for (int i = 0; i < count; i++) {
        heap[i] = event_new(base, -1, 0, on_timeout, NULL);
        event_add(heap[i], &hour);
    }
    struct event *input = event_new(base, 0, EV_READ | EV_PERSIST, on_line, NULL);
    // A pipe, which epoll can watch; a file it cannot.
    if (event_add(input, NULL) != 0) return 1;
    printf("ready\n");
    fflush(stdout);
    event_base_dispatch(base);
    return 0;
}
