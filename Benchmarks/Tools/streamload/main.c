// Streams bytes through a forwarder, or takes what a server streams, and counts. Options:
//   --through           send to the server, and take at a port of its own what comes out of it
//   --from SIZE         take what the server sends: a file of so many bytes, over and over
//   --connections N     each with a thread for either side (2)
//   --piece N           bytes of one write (262144)
//
// It says "sinking on PORT", waits for "connect PORT PID", and then answers each "measure SECONDS" by a line of JSON.
// In between nothing moves. Each 4 KiB of the stream begin with their place in it, and that is checked.

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { STAMPED = 4096 };

static bool through;
static uint64_t file_size = UINT64_MAX;
static size_t piece = 256 * 1024;
static atomic_uint_fast64_t sent, received;
static atomic_bool runs;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;

static _Noreturn void die(const char *what) {
    fprintf(stderr, "streamload: %s: %s\n", what, strerror(errno));
    exit(1);
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void rest(double seconds) {
    struct timespec time = {.tv_sec = (time_t)seconds, .tv_nsec = (long)((seconds - (double)(time_t)seconds) * 1e9)};
    while (nanosleep(&time, &time) < 0) {}
}

static void wait_for_run(void) {
    if (atomic_load_explicit(&runs, memory_order_relaxed)) return;
    pthread_mutex_lock(&lock);
    while (!atomic_load(&runs)) pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
}

static void set_running(bool value) {
    pthread_mutex_lock(&lock);
    atomic_store(&runs, value);
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

static void *send_all(void *argument) {
    int link = (int)(intptr_t)argument;
    char *bytes = calloc(1, piece);
    uint64_t place = 0;
    for (;;) {
        wait_for_run();
        for (size_t at = 0; at < piece; at += STAMPED, place += STAMPED) memcpy(bytes + at, &place, sizeof place);
        for (size_t gone = 0; gone < piece;) {
            ssize_t count = send(link, bytes + gone, piece - gone, MSG_NOSIGNAL);
            if (count < 0) die("send");
            gone += (size_t)count;
            atomic_fetch_add_explicit(&sent, (uint64_t)count, memory_order_relaxed);
        }
    }
}

static void *receive_all(void *argument) {
    int link = (int)(intptr_t)argument;
    size_t size = 256 * 1024;
    char *bytes = malloc(size);
    uint64_t place = 0;
    for (;;) {
        if (!through) wait_for_run();
        ssize_t count = recv(link, bytes, size, 0);
        if (count == 0) errno = ECONNRESET;
        if (count <= 0) die("recv");
        for (uint64_t at = (STAMPED - place % STAMPED) % STAMPED; at + 8 <= (uint64_t)count; at += STAMPED) {
            uint64_t stamp;
            memcpy(&stamp, bytes + at, sizeof stamp);
            if (stamp != (place + at) % file_size) {
                fprintf(stderr, "streamload: wrong bytes at %" PRIu64 "\n", place + at);
                exit(1);
            }
        }
        place += (uint64_t)count;
        atomic_fetch_add_explicit(&received, (uint64_t)count, memory_order_relaxed);
    }
}

static void begin(void *(*body)(void *), int link) {
    pthread_t thread;
    int on = 1;
    setsockopt(link, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (pthread_create(&thread, NULL, body, (void *)(intptr_t)link) != 0) die("pthread_create");
}

static double running_seconds(int pid) {
    char path[64];
    unsigned long long nanoseconds = 0;
    snprintf(path, sizeof path, "/proc/%d/schedstat", pid);
    FILE *file = fopen(path, "r");
    if (file == NULL || fscanf(file, "%llu", &nanoseconds) != 1) die(path);
    fclose(file);
    return (double)nanoseconds / 1e9;
}

static void measure(double seconds, int pid) {
    set_running(true);
    rest(0.1);
    double began = now(), ran = running_seconds(pid);
    uint64_t before = atomic_load(&received);
    rest(seconds);
    uint64_t bytes = atomic_load(&received) - before;
    double took = now() - began;
    ran = running_seconds(pid) - ran;
    set_running(false);
    // What is on its way is taken, so that the next to be measured has the machine to itself.
    uint64_t last = UINT64_MAX;
    while (last != atomic_load(&received) || (through && atomic_load(&sent) != atomic_load(&received))) {
        last = atomic_load(&received);
        rest(0.005);
    }
    printf("{\"bytes\": %" PRIu64 ", \"seconds\": %.6f, \"server_ran\": %.6f}\n", bytes, took, ran);
}

int main(int count, char **words) {
    int connections = 2;
    for (int i = 1; i < count; i++) {
        if (strcmp(words[i], "--through") == 0) through = true;
        else if (strcmp(words[i], "--from") == 0 && i + 1 < count) file_size = strtoull(words[++i], NULL, 10);
        else if (strcmp(words[i], "--connections") == 0 && i + 1 < count) connections = atoi(words[++i]);
        else if (strcmp(words[i], "--piece") == 0 && i + 1 < count) piece = strtoull(words[++i], NULL, 10);
        else return fprintf(stderr, "streamload: what is %s?\n", words[i]), 2;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    if (bind(listener, (struct sockaddr *)&address, length) < 0 || listen(listener, 128) < 0) die("listen");
    getsockname(listener, (struct sockaddr *)&address, &length);
    printf("sinking on %d\n", ntohs(address.sin_port));

    int port = 0, pid = 0;
    if (scanf(" connect %d %d", &port, &pid) != 2) return 0;
    address.sin_port = htons((uint16_t)port);
    for (int i = 0; i < connections; i++) {
        int link = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (connect(link, (struct sockaddr *)&address, sizeof address) < 0) die("connect");
        if (!through) {
            begin(receive_all, link);
            continue;
        }
        begin(send_all, link);
        int taken = accept(listener, NULL, NULL);
        if (taken < 0) die("accept");
        begin(receive_all, taken);
    }
    double seconds;
    while (scanf(" measure %lf", &seconds) == 1) measure(seconds, pid);
    return 0;
}
