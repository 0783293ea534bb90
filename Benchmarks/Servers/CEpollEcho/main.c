// The yardstick: an echo server on epoll as a careful C programmer would write it by hand. One thread, level-triggered,
// one receive buffer shared by all connections, the answer sent at once from that buffer. What the kernel does not take
// is kept, and the connection is not read again until it has gone out, so that a peer which never reads costs one
// buffer at most. `--mode lines` answers each line by a send of its own, there being nothing that would gather them.
// With `--threads N` there are N such loops, each with a listener of its own at the port and pinned to a processor.

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { max_events = 256, backlog = 4096, piece_size = 64 * 1024 };

typedef struct {
    int fd;
    uint32_t pending_start, pending_end;
    char *pending;  // unsent remainder of the last message, or the start of a line; NULL while there is none
} connection;

static enum { echo, lines, sink, source } mode = echo;

static _Thread_local int epoll_fd;
static _Thread_local int listen_fd;
static _Thread_local int spare_fd;  // given up when there is no descriptor left, so that a caller can be accepted and turned away
static _Thread_local char *shared_buffer;
static size_t shared_buffer_size = 64 * 1024;
static bool reuse_port;  // several processes or threads listen on one port, and the kernel spreads callers over them

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static void watch(connection *c, int operation, uint32_t events) {
    struct epoll_event event = {.events = events, .data.ptr = c};
    if (epoll_ctl(epoll_fd, operation, c->fd, &event) < 0) fail("epoll_ctl");
}

static void close_connection(connection *c) {
    close(c->fd);  // the only reference to the socket, so epoll forgets it too
    free(c->pending);
    free(c);
}

// The count of bytes that the kernel took, 0 if its buffer is full, -1 if the connection is lost.
static ssize_t send_some(int fd, const char *bytes, size_t count) {
    for (;;) {
        ssize_t sent = send(fd, bytes, count, MSG_NOSIGNAL);
        if (sent >= 0) return sent;
        if (errno == EINTR) continue;
        return errno == EAGAIN ? 0 : -1;
    }
}

// Whether they could be kept.
static bool keep(connection *c, const char *bytes, size_t count) {
    c->pending_start = 0;
    c->pending_end = (uint32_t)count;
    c->pending = malloc(count);
    if (c->pending != NULL) memcpy(c->pending, bytes, count);
    return c->pending != NULL;
}

// A line that comes in pieces is read again as a whole: its start is put before what comes next.
static void answer_lines(connection *c, size_t count) {
    char *bytes = shared_buffer, *end = bytes + count, *newline;
    while ((newline = memchr(bytes, '\n', (size_t)(end - bytes))) != NULL) {
        size_t length = (size_t)(newline + 1 - bytes);
        ssize_t sent = send_some(c->fd, bytes, length);
        if (sent < 0) return close_connection(c);
        // The rest waits for room, and so do the lines after it, as they are: to be echoed.
        if ((size_t)sent < length) {
            if (!keep(c, bytes + sent, (size_t)(end - bytes) - (size_t)sent)) return close_connection(c);
            return watch(c, EPOLL_CTL_MOD, EPOLLOUT);
        }
        bytes += length;
    }
    if (bytes < end && !keep(c, bytes, (size_t)(end - bytes))) close_connection(c);
}

static void on_readable(connection *c) {
    size_t before = 0;
    if (c->pending != NULL) {
        before = c->pending_end;
        memcpy(shared_buffer, c->pending, before);
    }
    ssize_t received = recv(c->fd, shared_buffer + before, shared_buffer_size - before, 0);
    if (received < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (received <= 0) return close_connection(c);
    if (mode == sink) return;
    if (mode == lines) {
        free(c->pending);
        c->pending = NULL;
        return answer_lines(c, before + (size_t)received);
    }

    ssize_t sent = send_some(c->fd, shared_buffer, (size_t)received);
    if (sent < 0) return close_connection(c);
    if (sent == received) return;
    if (!keep(c, shared_buffer + sent, (size_t)(received - sent))) return close_connection(c);
    watch(c, EPOLL_CTL_MOD, EPOLLOUT);
}

// One piece a turn; what is left of it when the kernel has taken its fill is sent next.
static void on_room(connection *c) {
    ssize_t sent = send_some(c->fd, shared_buffer + c->pending_start, piece_size - c->pending_start);
    if (sent < 0) return close_connection(c);
    c->pending_start = (c->pending_start + (uint32_t)sent) % piece_size;
}

static void on_writable(connection *c) {
    ssize_t sent = send_some(c->fd, c->pending + c->pending_start, c->pending_end - c->pending_start);
    if (sent < 0) return close_connection(c);
    c->pending_start += (uint32_t)sent;
    if (c->pending_start < c->pending_end) return;
    free(c->pending);
    c->pending = NULL;
    watch(c, EPOLL_CTL_MOD, EPOLLIN);
}

// A listener out of descriptors stays readable and would spin. Turning the caller away empties its queue.
static void turn_one_away(void) {
    close(spare_fd);
    int fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC);
    if (fd >= 0) close(fd);
    spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void on_acceptable(void) {
    for (;;) {
        int fd = accept4(listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) {
            if (errno == EMFILE || errno == ENFILE) turn_one_away();
            else if (errno == EINTR || errno == ECONNABORTED) continue;
            return;  // anything left is reported again: epoll is level-triggered
        }
        int on = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        connection *c = calloc(1, sizeof *c);
        if (c == NULL) {
            close(fd);
            return;
        }
        c->fd = fd;
        watch(c, EPOLL_CTL_ADD, mode == source ? EPOLLOUT : EPOLLIN);
    }
}

static uint16_t listened_port;

static int listen_on(uint16_t port) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) fail("socket");
    int on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (reuse_port) setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0) fail("bind");
    if (listen(fd, backlog) < 0) fail("listen");
    if (getsockname(fd, (struct sockaddr *)&address, &length) < 0) fail("getsockname");
    listened_port = ntohs(address.sin_port);
    return fd;
}

static bool parse_mode(const char *name) {
    static const char *const names[] = {"echo", "lines", "sink", "source"};
    for (mode = echo; mode <= source; mode++)
        if (strcmp(name, names[mode]) == 0) return true;
    return false;
}

static void open_loop(uint16_t port) {
    shared_buffer = malloc(shared_buffer_size);
    if (shared_buffer == NULL || shared_buffer_size < piece_size) fail("buffer");
    memset(shared_buffer, 'x', shared_buffer_size);
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (epoll_fd < 0) fail("epoll_create1");
    spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    listen_fd = listen_on(port);
    struct epoll_event listening = {.events = EPOLLIN, .data.ptr = NULL};  // no connection: the listener
    if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, listen_fd, &listening) < 0) fail("epoll_ctl");
}

static void run_loop(void) {
    struct epoll_event events[max_events];
    for (;;) {
        int count = epoll_wait(epoll_fd, events, max_events, -1);
        if (count < 0 && errno != EINTR) fail("epoll_wait");
        for (int i = 0; i < count; i++) {
            connection *c = events[i].data.ptr;
            if (c == NULL) on_acceptable();
            else if (mode == source) on_room(c);
            else if (events[i].events & EPOLLOUT) on_writable(c);
            else on_readable(c);
        }
    }
}

static cpu_set_t allowed;

// To the processor of that place among those that the program may use.
static void pin(long place) {
    cpu_set_t one;
    place %= CPU_COUNT(&allowed);
    CPU_ZERO(&one);
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
        if (CPU_ISSET(cpu, &allowed) && place-- == 0) CPU_SET(cpu, &one);
    if (pthread_setaffinity_np(pthread_self(), sizeof one, &one) != 0) fail("pthread_setaffinity_np");
}

static void *run_another(void *place) {
    pin((long)place);
    open_loop(listened_port);
    run_loop();
    return NULL;
}

int main(int argc, char **argv) {
    uint16_t port = 0;
    long threads = 1;
    for (int i = 1; i < argc; i += 2) {
        if (i + 1 < argc && strcmp(argv[i], "--port") == 0) port = (uint16_t)atoi(argv[i + 1]);
        else if (i + 1 < argc && strcmp(argv[i], "--buffer") == 0) shared_buffer_size = strtoul(argv[i + 1], NULL, 10);
        else if (i + 1 < argc && strcmp(argv[i], "--threads") == 0) threads = atol(argv[i + 1]);
        else if (i + 1 < argc && strcmp(argv[i], "--reuse-port") == 0) reuse_port = strcmp(argv[i + 1], "on") == 0;
        else if (i + 1 >= argc || strcmp(argv[i], "--mode") != 0 || !parse_mode(argv[i + 1])) {
            fprintf(stderr, "usage: %s [--port N] [--buffer BYTES] [--mode echo|lines|sink|source] "
                            "[--reuse-port on|off] [--threads N]\n", argv[0]);
            return 2;
        }
    }
    reuse_port |= threads > 1;
    if (sched_getaffinity(0, sizeof allowed, &allowed) < 0) fail("sched_getaffinity");
    open_loop(port);
    for (long place = 1; place < threads; place++) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, run_another, (void *)place) != 0) fail("pthread_create");
    }
    if (threads > 1) pin(0);
    printf("listening on %d\n", listened_port);
    fflush(stdout);
    run_loop();
}
