// Connections that echo all the while, at times fixed beforehand. A latency counts from when a message was due, not
// from when it was sent, and messages are sent whether or not the last has come back: a server that stalls is charged
// for all that it keeps waiting.

#include "hold.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { max_events = 256 };

typedef struct {
    int fd;
    unsigned number;
    uint64_t sent, answered;  // messages
    unsigned received;        // bytes of the next answer
    char answer[message_size];
} connection;

typedef struct {
    const options *options;
    shared *shared;
    connection *connections;
    int epoll_fd;
    uint64_t start;
    double interval;  // nanoseconds between two messages, of all connections together
    uint64_t begun, answered;
    bool spins;
} live;

// When a connection's nth message is due: they take turns.
static uint64_t due(const live *l, uint64_t message) {
    return l->start + (uint64_t)(l->interval * (double)message);
}

static void write_message(char *bytes, unsigned number, uint64_t sequence) {
    uint64_t words[message_size / 8];
    for (unsigned i = 0; i < message_size / 8; i++) words[i] = (number + 1) * 0x9e3779b97f4a7c15u + sequence * 31 + i;
    memcpy(bytes, words, message_size);
}

static void record(live *l, histogram *histograms, uint64_t was_due, uint64_t time) {
    for (int at = time_count - 1; at >= 0; at--) {
        if (was_due < atomic_load_explicit(&l->shared->starts[at], memory_order_relaxed)) continue;
        return histogram_add(&histograms[at], time > was_due ? time - was_due : 0);
    }
}

static void lose(live *l, connection *c) {
    close(c->fd);
    c->fd = -1;
    l->begun -= c->sent - c->answered;
    atomic_fetch_add(&l->shared->live_lost, 1);
}

static void send_due(live *l, uint64_t message) {
    connection *c = &l->connections[message % l->options->live];
    if (c->fd < 0) return;
    char bytes[message_size];
    write_message(bytes, c->number, c->sent);
    record(l, l->shared->delays, due(l, message), now());
    // A buffer that is full of small messages means a server that has not read for a long time.
    if (send(c->fd, bytes, message_size, MSG_NOSIGNAL) != message_size) return lose(l, c);
    c->sent++;
    l->begun++;
}

static void receive(live *l, connection *c) {
    for (;;) {
        ssize_t count = recv(c->fd, c->answer + c->received, message_size - c->received, 0);
        if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
        if (count <= 0) return lose(l, c);
        c->received += (unsigned)count;
        if (c->received < message_size) continue;
        uint64_t time = now();
        char expected[message_size];
        write_message(expected, c->number, c->answered);
        if (memcmp(c->answer, expected, message_size) != 0) {
            errno = 0;
            fail("wrong bytes came back on a live connection");
        }
        c->received = 0;
        record(l, l->shared->latencies, due(l, c->answered * l->options->live + c->number), time);
        c->answered++;
        l->answered++;
        if (c->answered == c->sent) return;
    }
}

static void wait_for_answers(live *l, uint64_t until) {
    struct epoll_event events[max_events];
    uint64_t time = now();
    uint64_t left = l->spins || until <= time ? 0 : until - time;
    struct timespec timeout = {.tv_sec = (time_t)(left / 1000000000u), .tv_nsec = (long)(left % 1000000000u)};
    int count = epoll_pwait2(l->epoll_fd, events, max_events, &timeout, NULL);
    if (count < 0 && errno != EINTR) fail("epoll_pwait2");
    for (int i = 0; i < count; i++) {
        connection *c = events[i].data.ptr;
        if (c->fd >= 0) receive(l, c);
    }
}

static void open_connection(live *l, unsigned number) {
    connection *c = &l->connections[number];
    const options *o = l->options;
    c->number = number;
    c->fd = begin_connect(127u << 24 | 200u << 16 | (number + 1), o->ports[number % o->port_count]);
    if (c->fd < 0) fail("a live connection");
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
    if (epoll_ctl(l->epoll_fd, EPOLL_CTL_ADD, c->fd, &event) < 0) fail("epoll_ctl");
}

static void set_up(live *l) {
    const options *o = l->options;
    if (o->live_cpu >= 0) {
        cpu_set_t cpus;
        CPU_ZERO(&cpus);
        CPU_SET(o->live_cpu, &cpus);
        if (sched_setaffinity(0, sizeof cpus, &cpus) < 0) fail("sched_setaffinity");
    }
    prctl(PR_SET_TIMERSLACK, 1);
    l->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    l->connections = calloc(o->live, sizeof *l->connections);
    if (l->epoll_fd < 0 || l->connections == NULL) fail("set-up");
    for (unsigned i = 0; i < o->live; i++) open_connection(l, i);
    for (unsigned i = 0; i < o->live; i++) {
        struct pollfd connected = {.fd = l->connections[i].fd, .events = POLLOUT};
        if (poll(&connected, 1, (int)(o->patience * 1000)) != 1 || connected.revents != POLLOUT) {
            errno = 0;
            fail("a live connection was refused");
        }
    }
}

void live_run(const options *o, shared *s) {
    live l = {.options = o, .shared = s, .spins = o->spin};
    set_up(&l);
    l.interval = 1e9 / (o->live_rate * o->live);
    l.start = now() + 1000000;
    atomic_store(&s->live_ready, true);
    uint64_t message = 0;
    while (!atomic_load_explicit(&s->live_stop, memory_order_relaxed)) {
        while (due(&l, message) <= now()) send_due(&l, message++);
        wait_for_answers(&l, due(&l, message));
    }
    uint64_t deadline = now() + (uint64_t)(o->patience * 1e9);
    while (l.answered < l.begun && now() < deadline) wait_for_answers(&l, deadline);
    atomic_store(&s->live_sent, l.begun);
    atomic_store(&s->live_answered, l.answered);
    atomic_store(&s->live_done, true);
    for (unsigned i = 0; i < o->live; i++) if (l.connections[i].fd >= 0) close(l.connections[i].fd);
    exit(0);
}
