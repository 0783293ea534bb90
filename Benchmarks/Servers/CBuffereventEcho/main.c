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
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { backlog = 4096 };

static void on_read(struct bufferevent *bev, void *context) {
    (void)context;
    char bytes[16 * 1024];
    struct evbuffer *input = bufferevent_get_input(bev);
    int count;
    while ((count = evbuffer_remove(input, bytes, sizeof bytes)) > 0) bufferevent_write(bev, bytes, (size_t)count);
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
    bufferevent_setcb(bev, on_read, NULL, on_event, NULL);
    bufferevent_enable(bev, EV_READ);
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
