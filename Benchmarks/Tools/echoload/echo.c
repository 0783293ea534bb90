#include "worker.h"

#include <sys/epoll.h>

static void begin(worker *w, connection *c, uint64_t time) {
    c->sent = c->received = 0;
    c->started = time;
    send_rest(w, c);
}

static void on_event(worker *w, connection *c, uint32_t events) {
    // Room to send is of interest only to a message that is part sent; by TLS it counts as sent when all of it is.
    bool has_begun = c->sent > 0 || (c->ssl != NULL && !c->idle);
    if (has_begun && c->sent < w->load->message_size) send_rest(w, c);
    if ((events & ~(uint32_t)EPOLLOUT) && receive_rest(w, c)) end_work(w, c, 1);
}

const activity echo_activity = {.name = "echo", .connects_first = true, .begin = begin, .on_event = on_event};
