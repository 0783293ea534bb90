// Connections for echo servers, one after another on each of many threads: connect, send a message, get it back, reset.
// `connectload --port P --threads N --seconds S` prints how many there were as JSON. The threads block and share this
// program's processors, so that more of them than there are processors keep a server busy.

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static uint16_t port;
static atomic_bool stopping;

typedef struct {
    _Alignas(64) pthread_t thread;
    unsigned long long count;
} worker;

static void fail(const char *what) {
    fprintf(stderr, "connectload: %s%s%s\n", what, errno ? ": " : "", errno ? strerror(errno) : "");
    exit(1);
}

static void exchange_once(void) {
    static const char message[] = "gone in a moment";
    char answer[sizeof message];
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) fail("socket");
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0) fail("connect");
    if (send(fd, message, sizeof message, MSG_NOSIGNAL) != sizeof message) fail("send");
    errno = 0;
    if (recv(fd, answer, sizeof answer, MSG_WAITALL) != sizeof answer) fail("recv");
    if (memcmp(message, answer, sizeof message) != 0) fail("wrong bytes came back");
    // Nothing lingers in TIME_WAIT, so that ports do not run out.
    struct linger now = {.l_onoff = 1, .l_linger = 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(fd);
}

static void *work(void *argument) {
    worker *w = argument;
    while (!atomic_load_explicit(&stopping, memory_order_relaxed)) {
        exchange_once();
        w->count++;
    }
    return NULL;
}

int main(int argc, char **argv) {
    unsigned threads = 16;
    double seconds = 1;
    static const struct option names[] = {
        {"port", required_argument, NULL, 'p'},    {"threads", required_argument, NULL, 't'},
        {"seconds", required_argument, NULL, 's'}, {NULL, 0, NULL, 0},
    };
    int option;
    while ((option = getopt_long(argc, argv, "", names, NULL)) != -1) {
        switch (option) {
        case 'p': port = (uint16_t)atoi(optarg); break;
        case 't': threads = (unsigned)atoi(optarg); break;
        case 's': seconds = atof(optarg); break;
        default: port = 0;
        }
    }
    if (port == 0 || threads == 0 || optind < argc) {
        fputs("usage: connectload --port N [--threads N] [--seconds S]\n", stderr);
        return 2;
    }
    worker *workers = aligned_alloc(_Alignof(worker), threads * sizeof *workers);
    if (workers == NULL) fail("malloc");
    memset(workers, 0, threads * sizeof *workers);
    struct timespec from, to;
    clock_gettime(CLOCK_MONOTONIC, &from);
    for (unsigned i = 0; i < threads; i++) {
        errno = pthread_create(&workers[i].thread, NULL, work, &workers[i]);
        if (errno != 0) fail("pthread_create");
    }
    struct timespec rest = {.tv_sec = (time_t)seconds, .tv_nsec = (long)((seconds - (double)(time_t)seconds) * 1e9)};
    while (nanosleep(&rest, &rest) < 0 && errno == EINTR) {}
    atomic_store(&stopping, true);
    unsigned long long count = 0;
    for (unsigned i = 0; i < threads; i++) {
        pthread_join(workers[i].thread, NULL);
        count += workers[i].count;
    }
    clock_gettime(CLOCK_MONOTONIC, &to);
    double wall = (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9;
    printf("{\"connections\": %llu, \"seconds\": %.6f}\n", count, wall);
    free(workers);
    return 0;
}
