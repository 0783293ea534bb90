// libevent from C: timers, and its classic benchmark. Options as the other programs in Micro/.

#include <event2/event.h>
#include <event2/util.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

static int count = 1000000, pipes = 100, active = 1;
static struct event_base *base;

static long now(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return t.tv_sec * 1000000000L + t.tv_nsec;
}

static uint64_t state = 0x9E3779B97F4A7C15;

// The same delays as in MicroOptions.swift.
static struct timeval delay(int low, int high) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    int milliseconds = low + (int)((state >> 33) % (uint64_t)(high - low + 1));
    return (struct timeval){milliseconds / 1000, milliseconds % 1000 * 1000};
}

static int fired;

static void fire(evutil_socket_t descriptor, short what, void *context) {
    (void)descriptor, (void)what, (void)context;
    if (++fired == count) event_base_loopbreak(base);
}

static void timers(void) {
    struct event **events = malloc((size_t)count * sizeof *events);
    long start = now();
    for (int i = 0; i < count; i++) {
        struct timeval after = delay(60000, 120000);
        events[i] = evtimer_new(base, fire, NULL);
        evtimer_add(events[i], &after);
    }
    printf("{\"set\": %.2f", (double)(now() - start) / count);
    start = now();
    for (int i = 0; i < count; i++) {
        struct timeval after = delay(60000, 120000);
        evtimer_add(events[i], &after);
    }
    printf(", \"re-arm\": %.2f", (double)(now() - start) / count);
    start = now();
    for (int i = 0; i < count; i++) event_free(events[i]);
    printf(", \"cancel\": %.2f", (double)(now() - start) / count);
    start = now();
    for (int i = 0; i < count; i++) {
        struct timeval after = delay(1, 200);
        events[i] = evtimer_new(base, fire, NULL);
        evtimer_add(events[i], &after);
    }
    event_base_dispatch(base);
    printf(", \"set and fire\": %.2f}\n", (double)(now() - start) / count);
}

static void schedule(void) {
    struct timeval after = {3600, 0};
    long start = now();
    for (int i = 0; i < count; i++) evtimer_add(evtimer_new(base, fire, NULL), &after);
    printf("{\"set\": %.2f}\n", (double)(now() - start) / count);
}

static evutil_socket_t (*ends)[2];
static int to_send, received, expected;

static void arrived(evutil_socket_t descriptor, short what, void *context) {
    (void)what;
    char byte[64];
    ssize_t got = recv(descriptor, byte, sizeof byte, 0);
    if (got <= 0) return;
    received += (int)got;
    if (received == expected) {
        event_base_loopbreak(base);
        return;
    }
    if (to_send <= 0) return;
    to_send -= (int)got;
    int place = (int)(intptr_t)context;
    send(ends[(place + 1) % pipes][1], byte, (size_t)got, 0);
}

static void go_round(int sends) {
    received = 0, to_send = sends, expected = sends + active;
    for (int i = 0; i < active; i++) send(ends[(long)i * pipes / active][1], "a", 1, 0);
    event_base_dispatch(base);
}

static void chain(void) {
    ends = calloc((size_t)pipes, sizeof *ends);
    for (int i = 0; i < pipes; i++) {
        if (evutil_socketpair(AF_UNIX, SOCK_STREAM, 0, ends[i])) {
            perror("socketpair");
            exit(2);
        }
        evutil_make_socket_nonblocking(ends[i][0]);
        evutil_make_socket_nonblocking(ends[i][1]);
        event_add(event_new(base, ends[i][0], EV_READ | EV_PERSIST, arrived, (void *)(intptr_t)i), NULL);
    }
    go_round(count / 4);
    long start = now();
    go_round(count - active);
    printf("{\"event\": %.2f}\n", (double)(now() - start) / count);
}

int main(int argc, char **argv) {
    const char *work = "";
    for (int i = 1; i + 1 < argc; i += 2) {
        if (!strcmp(argv[i], "--work")) work = argv[i + 1];
        if (!strcmp(argv[i], "--count")) count = atoi(argv[i + 1]);
        if (!strcmp(argv[i], "--pipes")) pipes = atoi(argv[i + 1]);
        if (!strcmp(argv[i], "--active")) active = atoi(argv[i + 1]);
    }
    struct event_config *config = event_config_new();
    event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
    base = event_base_new_with_config(config);
    if (!strcmp(work, "timers")) timers();
    else if (!strcmp(work, "schedule")) schedule();
    else if (!strcmp(work, "chain")) chain();
    else {
        fprintf(stderr, "no work called %s\n", work);
        return 2;
    }
}
