// The engine without its buffering: libevent's plain events from C, one a connection, with recv and send on one shared
// buffer. What it costs more than epoll by hand is the price of libevent's loop; what a library on libevent costs more
// than this is its own doing. It keeps no unsent remainder, so it is for messages that fit a socket's buffer.

#include <event2/event.h>
#include <event2/listener.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { backlog = 4096 };

static char shared_buffer[64 * 1024];

static void on_readable(evutil_socket_t fd, short what, void *argument) {
    (void)what;
    struct event *readable = *(struct event **)argument;
    ssize_t received = recv(fd, shared_buffer, sizeof shared_buffer, 0);
    if (received < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (received > 0 && send(fd, shared_buffer, (size_t)received, MSG_NOSIGNAL) == received) return;
    event_free(readable);
    free(argument);
    close(fd);
}

static void on_accept(
    struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *address, int length, void *context) {
    (void)address, (void)length, (void)context;
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    // The event is not known before it is made, so its callback is told where to find it.
    struct event **readable = malloc(sizeof *readable);
    if (readable != NULL) {
        struct event_base *base = evconnlistener_get_base(listener);
        *readable = event_new(base, fd, EV_READ | EV_PERSIST, on_readable, readable);
        if (*readable != NULL && event_add(*readable, NULL) == 0) return;
    }
    perror("event_new");
    exit(1);
}

int main(int argc, char **argv) {
    uint16_t port = 0;
    for (int i = 1; i < argc; i += 2) {
        if (i + 1 < argc && strcmp(argv[i], "--port") == 0) port = (uint16_t)atoi(argv[i + 1]);
        else {
            fprintf(stderr, "usage: %s [--port N]\n", argv[0]);
            return 2;
        }
    }
    struct event_config *config = event_config_new();
    event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
    struct event_base *base = event_base_new_with_config(config);
    event_config_free(config);
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
