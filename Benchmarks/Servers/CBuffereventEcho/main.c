// The common way to use libevent from C: a listener, one bufferevent a connection, and bufferevent_write from the read
// callback. What libevent's own sample code does, with TCP_NODELAY, and without enabling EV_WRITE: it is on by default,
// and enabling it again costs an extra wake-up a connection.

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { backlog = 4096, piece_size = 64 * 1024 };

static enum { echo, lines, sink, source } mode = echo;
static char piece[piece_size];

static void on_read(struct bufferevent *bev, void *context) {
    (void)context;
    char bytes[16 * 1024];
    struct evbuffer *input = bufferevent_get_input(bev);
    int count;
    while ((count = evbuffer_remove(input, bytes, sizeof bytes)) > 0) bufferevent_write(bev, bytes, (size_t)count);
}

static void on_lines(struct bufferevent *bev, void *context) {
    (void)context;
    struct evbuffer *input = bufferevent_get_input(bev);
    size_t length;
    char *line;
    while ((line = evbuffer_readln(input, &length, EVBUFFER_EOL_LF)) != NULL) {
        line[length] = '\n';  // in place of the terminating zero
        bufferevent_write(bev, line, length + 1);
        free(line);
    }
}

static void on_forgotten(struct bufferevent *bev, void *context) {
    (void)context;
    struct evbuffer *input = bufferevent_get_input(bev);
    evbuffer_drain(input, evbuffer_get_length(input));
}

// All has been sent: the next piece. It is not copied.
static void on_written(struct bufferevent *bev, void *context) {
    (void)context;
    evbuffer_add_reference(bufferevent_get_output(bev), piece, sizeof piece, NULL, NULL);
}

static void on_event(struct bufferevent *bev, short what, void *context) {
    (void)context;
    if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR | BEV_EVENT_TIMEOUT)) bufferevent_free(bev);
}

static void on_accept(
    struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *address, int length, void *context) {
    (void)address, (void)length, (void)context;
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct bufferevent *bev = bufferevent_socket_new(evconnlistener_get_base(listener), fd, BEV_OPT_CLOSE_ON_FREE);
    if (bev == NULL) {
        evutil_closesocket(fd);
        return;
    }
    static const bufferevent_data_cb readers[] = {on_read, on_lines, on_forgotten, on_forgotten};
    bufferevent_setcb(bev, readers[mode], mode == source ? on_written : NULL, on_event, NULL);
    bufferevent_enable(bev, EV_READ);
    if (mode == source) on_written(bev, NULL);
}

static bool parse_mode(const char *name) {
    static const char *const names[] = {"echo", "lines", "sink", "source"};
    for (mode = echo; mode <= source; mode++)
        if (strcmp(name, names[mode]) == 0) return true;
    return false;
}

int main(int argc, char **argv) {
    uint16_t port = 0;
    for (int i = 1; i < argc; i += 2) {
        if (i + 1 < argc && strcmp(argv[i], "--port") == 0) port = (uint16_t)atoi(argv[i + 1]);
        else if (i + 1 >= argc || strcmp(argv[i], "--mode") != 0 || !parse_mode(argv[i + 1])) {
            fprintf(stderr, "usage: %s [--port N] [--mode echo|lines|sink|source]\n", argv[0]);
            return 2;
        }
    }
    memset(piece, 'x', sizeof piece);
    signal(SIGPIPE, SIG_IGN);  // libevent 2.1 writes without MSG_NOSIGNAL

    struct event_base *base = event_base_new();
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    unsigned options = LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_REUSEABLE;
    struct evconnlistener *listener = base == NULL ? NULL
        : evconnlistener_new_bind(base, on_accept, NULL, options, backlog, (struct sockaddr *)&address, sizeof address);
    if (listener == NULL) {
        perror("listen");
        return 1;
    }
    socklen_t length = sizeof address;
    getsockname(evconnlistener_get_fd(listener), (struct sockaddr *)&address, &length);
    printf("listening on %d\n", ntohs(address.sin_port));
    fflush(stdout);
    return event_base_dispatch(base) == 0 ? 0 : 1;
}
