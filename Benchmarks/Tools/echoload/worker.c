#include "worker.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { max_events = 256 };

void fail(const char *what) {
    fprintf(stderr, "echoload: %s%s%s\n", what, errno ? ": " : "", errno ? strerror(errno) : "");
    exit(1);
}

uint64_t now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void watch(worker *w, int fd, uint32_t events, void *pointer) {
    struct epoll_event event = {.events = events, .data.ptr = pointer};
    if (epoll_ctl(w->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0) fail("epoll_ctl");
}

void open_socket(worker *w, connection *c, bool blocking) {
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | (blocking ? 0 : SOCK_NONBLOCK), 0);
    if (c->fd < 0) fail("socket");
    int on = 1;
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(w->load->port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (connect(c->fd, (struct sockaddr *)&address, sizeof address) < 0 && errno != EINPROGRESS) fail("connect");
    if (w->load->tls.context != NULL) tls_begin(w, c, blocking);
    if (blocking && fcntl(c->fd, F_SETFL, O_NONBLOCK) < 0) fail("fcntl");
    // Edges, registered once: the generator should cost less than any server it measures.
    watch(w, c->fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, c);
}

void rest(worker *w, connection *c) {
    c->idle = true;
    atomic_fetch_add(&w->idle, 1);
}

static void begin_work(worker *w, connection *c, uint64_t time) {
    if (c->idle) {
        c->idle = false;
        atomic_fetch_sub(&w->idle, 1);
    }
    if (w->load->rate > 0) {
        // Latency is counted from when the message was to be sent: what waits behind a slow answer is late, and says so.
        time = c->due;
        c->due += (uint64_t)((double)w->connection_count / w->load->rate * 1e9);
    }
    w->load->activity->begin(w, c, time);
}

void end_work(worker *w, connection *c, unsigned long long messages) {
    uint64_t time = now();
    load *l = w->load;
    if (atomic_load_explicit(&l->recording, memory_order_relaxed)) histogram_add(&w->latencies, time - c->started);
    // A single writer: no locked instruction needed.
    unsigned long long before = atomic_load_explicit(&w->messages, memory_order_relaxed);
    atomic_store_explicit(&w->messages, before + messages, memory_order_release);
    c->sequence++;
    bool again = atomic_load_explicit(&l->running, memory_order_relaxed) && l->activity != &storm_activity;
    if (again && (l->rate == 0 || c->due <= time)) begin_work(w, c, time);
    else rest(w, c);
}

// With a schedule, connections take turns, evenly in time. One that is still busy in its turn catches up by itself.
static void begin_what_is_due(worker *w) {
    uint64_t time = now(), gap = (uint64_t)(1e9 / w->load->rate);
    for (; w->next_due <= time; w->next_due += gap) {
        connection *c = &w->connections[w->next_turn];
        w->next_turn = (w->next_turn + 1) % w->connection_count;
        if (c->idle) begin_work(w, c, time);
    }
}

static void start_schedule(worker *w, uint64_t time) {
    uint64_t gap = (uint64_t)(1e9 / w->load->rate);
    w->next_due = time + gap * w->first_identifier / w->identifier_stride;
    w->next_turn = 0;
    for (unsigned i = 0; i < w->connection_count; i++) w->connections[i].due = w->next_due + i * gap;
}

static void wake_up(worker *w) {
    uint64_t wakes;
    if (read(w->wake_fd, &wakes, sizeof wakes) < 0 && errno != EAGAIN) fail("eventfd");
    if (!atomic_load(&w->load->running)) return;
    uint64_t time = now();
    if (w->load->rate > 0) return start_schedule(w, time);
    for (unsigned i = 0; i < w->connection_count; i++)
        if (w->connections[i].idle) begin_work(w, &w->connections[i], time);
}

static void *work(void *argument) {
    worker *w = argument;
    load *l = w->load;
    atomic_store(&w->thread_id, gettid());
    struct epoll_event events[max_events];
    while (!atomic_load_explicit(&l->stopping, memory_order_relaxed)) {
        bool running = atomic_load_explicit(&l->running, memory_order_relaxed);
        if (!running) w->next_due = 0;  // until it is woken, and a new schedule starts
        bool scheduled = running && w->next_due != 0;
        if (scheduled) begin_what_is_due(w);
        int count = epoll_wait(w->epoll_fd, events, max_events, (running && l->spin) || scheduled ? 0 : -1);
        if (count < 0 && errno != EINTR) fail("epoll_wait");
        for (int i = 0; i < count; i++) {
            if (events[i].data.ptr == NULL) wake_up(w);
            else l->activity->on_event(w, events[i].data.ptr, events[i].events);
        }
    }
    return NULL;
}

void worker_start(worker *w) {
    load *l = w->load;
    w->connections = calloc(w->connection_count, sizeof *w->connections);
    w->receive_buffer = malloc(worker_receive_size(l));
    w->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    w->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (w->connections == NULL || w->receive_buffer == NULL || w->epoll_fd < 0 || w->wake_fd < 0) fail("set-up");
    watch(w, w->wake_fd, EPOLLIN, NULL);
    for (unsigned i = 0; i < w->connection_count; i++) {
        connection *c = &w->connections[i];
        *c = (connection){.fd = -1, .idle = true, .identifier = w->first_identifier + i * w->identifier_stride};
        if (l->activity->connects_first) open_socket(w, c, true);
    }
    atomic_store(&w->idle, w->connection_count);
    errno = pthread_create(&w->thread, NULL, work, w);
    if (errno != 0) fail("pthread_create");
}

void worker_wake(worker *w) {
    uint64_t one = 1;
    if (write(w->wake_fd, &one, sizeof one) < 0) fail("eventfd");
}

void worker_join(worker *w) {
    pthread_join(w->thread, NULL);
}

void close_with_reset(connection *c) {
    struct linger reset = {.l_onoff = 1, .l_linger = 0};
    setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    close(c->fd);
    c->fd = -1;
}

void worker_reset_connections(worker *w) {
    for (unsigned i = 0; i < w->connection_count; i++)
        if (w->connections[i].fd >= 0) close_with_reset(&w->connections[i]);
}
