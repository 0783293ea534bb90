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

struct connection {
    int fd;
    bool idle;
    unsigned identifier;
    uint64_t sequence;
    uint64_t started;  // nanoseconds
    size_t sent, received;
};

void fail(const char *what) {
    fprintf(stderr, "echoload: %s%s%s\n", what, errno ? ": " : "", errno ? strerror(errno) : "");
    exit(1);
}

static uint64_t now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

size_t worker_receive_size(const load *l) {
    const size_t least = 4096, most = 256 * 1024;
    return l->message_size < least ? least : l->message_size < most ? l->message_size : most;
}

// Shifting the window by connection and message makes an answer meant for another of either show.
static const char *message_bytes(const worker *w, const connection *c) {
    return w->load->pattern + (c->identifier * 131u + c->sequence * 17u) % pattern_shifts;
}

static void send_some(worker *w, connection *c) {
    size_t size = w->load->message_size;
    while (c->sent < size) {
        ssize_t sent = send(c->fd, message_bytes(w, c) + c->sent, size - c->sent, MSG_NOSIGNAL);
        if (sent < 0 && errno == EAGAIN) return;
        if (sent < 0 && errno != EINTR) fail("send");
        if (sent > 0) c->sent += (size_t)sent;
    }
}

static void begin_message(worker *w, connection *c, uint64_t time) {
    c->sent = c->received = 0;
    c->started = time;
    send_some(w, c);
}

static void end_message(worker *w, connection *c) {
    uint64_t time = now();
    load *l = w->load;
    if (atomic_load_explicit(&l->recording, memory_order_relaxed)) histogram_add(&w->latencies, time - c->started);
    // A single writer: no locked instruction needed.
    unsigned long long messages = atomic_load_explicit(&w->messages, memory_order_relaxed);
    atomic_store_explicit(&w->messages, messages + 1, memory_order_release);
    c->sequence++;
    if (atomic_load_explicit(&l->running, memory_order_relaxed)) {
        begin_message(w, c, time);
    } else {
        c->idle = true;
        atomic_fetch_add(&w->idle, 1);
    }
}

static void receive_some(worker *w, connection *c) {
    errno = 0;
    size_t size = w->load->message_size, room = worker_receive_size(w->load);
    for (;;) {
        ssize_t received = recv(c->fd, w->receive_buffer, room, 0);
        if (received < 0 && errno == EAGAIN) return;
        if (received < 0 && errno == EINTR) continue;
        if (received < 0) fail("recv");
        if (received == 0) fail("the server closed a connection");
        size_t count = (size_t)received;
        if (c->idle || count > c->sent - c->received) fail("more came back than was sent");
        if (memcmp(w->receive_buffer, message_bytes(w, c) + c->received, count) != 0) fail("wrong bytes came back");
        c->received += count;
        if (c->received == size) end_message(w, c);
        // Less than there was room for: the socket is drained, and what comes later is a new edge.
        if (count < room) return;
    }
}

static void resume_idle(worker *w) {
    uint64_t wakes;
    if (read(w->wake_fd, &wakes, sizeof wakes) < 0 && errno != EAGAIN) fail("eventfd");
    if (!atomic_load(&w->load->running)) return;
    uint64_t time = now();
    for (unsigned i = 0; i < w->connection_count; i++) {
        connection *c = &w->connections[i];
        if (!c->idle) continue;
        c->idle = false;
        atomic_fetch_sub(&w->idle, 1);
        begin_message(w, c, time);
    }
}

static void *work(void *argument) {
    worker *w = argument;
    atomic_store(&w->thread_id, gettid());
    struct epoll_event events[max_events];
    while (!atomic_load_explicit(&w->load->stopping, memory_order_relaxed)) {
        bool spin = w->load->spin && atomic_load_explicit(&w->load->running, memory_order_relaxed);
        int timeout = spin ? 0 : -1;
        int count = epoll_wait(w->epoll_fd, events, max_events, timeout);
        if (count < 0 && errno != EINTR) fail("epoll_wait");
        for (int i = 0; i < count; i++) {
            connection *c = events[i].data.ptr;
            if (c == NULL) {
                resume_idle(w);
                continue;
            }
            // Room to send is of interest only to a message that is part sent.
            if (c->sent > 0 && c->sent < w->load->message_size) send_some(w, c);
            if (events[i].events & ~(uint32_t)EPOLLOUT) receive_some(w, c);
        }
    }
    return NULL;
}

static void watch(worker *w, int fd, uint32_t events, void *pointer) {
    struct epoll_event event = {.events = events, .data.ptr = pointer};
    if (epoll_ctl(w->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0) fail("epoll_ctl");
}

static void open_connection(worker *w, connection *c, unsigned identifier) {
    *c = (connection){.idle = true, .identifier = identifier};
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (c->fd < 0) fail("socket");
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(w->load->port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (connect(c->fd, (struct sockaddr *)&address, sizeof address) < 0) fail("connect");
    int on = 1;
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (fcntl(c->fd, F_SETFL, O_NONBLOCK) < 0) fail("fcntl");
    // Edges, registered once: the generator should cost less than any server it measures.
    watch(w, c->fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, c);
}

void worker_start(worker *w) {
    w->connections = calloc(w->connection_count, sizeof *w->connections);
    w->receive_buffer = malloc(worker_receive_size(w->load));
    w->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    w->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (w->connections == NULL || w->receive_buffer == NULL || w->epoll_fd < 0 || w->wake_fd < 0) fail("set-up");
    watch(w, w->wake_fd, EPOLLIN, NULL);
    for (unsigned i = 0; i < w->connection_count; i++)
        open_connection(w, &w->connections[i], w->first_identifier + i * w->identifier_stride);
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
