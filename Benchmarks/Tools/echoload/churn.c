// Connections that are made for one message.

#include "worker.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static void begin(worker *w, connection *c, uint64_t time) {
    c->sent = c->received = 0;
    c->started = time;
    open_socket(w, c, false);
}

static bool is_answered(worker *w, connection *c, uint32_t events) {
    if (c->fd < 0) return false;  // reported before it was closed
    if (events & EPOLLERR) {
        socklen_t length = sizeof errno;
        getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &errno, &length);
        fail("connection");
    }
    // The first bytes wait for a handshake, and so for what is received too.
    bool may_send = (events & EPOLLOUT) || c->ssl != NULL;
    if (may_send && c->sent < w->load->message_size) send_rest(w, c);
    return (events & EPOLLIN) && !c->idle && receive_rest(w, c);
}

static void on_churn_event(worker *w, connection *c, uint32_t events) {
    if (!is_answered(w, c, events)) return;
    tls_end(w, c);
    close(c->fd);
    c->fd = -1;
    end_work(w, c, 1);
}

static void on_storm_event(worker *w, connection *c, uint32_t events) {
    if (is_answered(w, c, events)) end_work(w, c, 1);
}

const activity churn_activity = {.name = "churn", .begin = begin, .on_event = on_churn_event};
const activity storm_activity = {.name = "storm", .begin = begin, .on_event = on_storm_event};
