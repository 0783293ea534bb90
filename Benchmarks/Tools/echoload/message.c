// A message on its way there and back.

#include "worker.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

size_t worker_receive_size(const load *l) {
    const size_t least = 4096, most = 256 * 1024;
    return l->answer_size < least ? least : l->answer_size < most ? l->answer_size : most;
}

// Shifting the window by connection and message makes an answer meant for another of either show.
static const char *message_bytes(const worker *w, const connection *c) {
    if (w->load->request != NULL) return w->load->request;
    size_t shift = c->identifier * 131u + c->sequence * 17u;
    if (w->load->line_size != 0) shift *= w->load->line_size;
    return w->load->pattern + shift % pattern_shifts;
}

bool send_rest(worker *w, connection *c) {
    size_t size = w->load->message_size;
    while (c->sent < size) {
        const char *rest = message_bytes(w, c) + c->sent;
        ssize_t sent = c->ssl != NULL ? tls_send(c, rest, size - c->sent)
                                      : send(c->fd, rest, size - c->sent, MSG_NOSIGNAL);
        if (sent < 0 && errno == EAGAIN) return false;
        if (sent < 0 && errno != EINTR) fail("send");
        if (sent > 0) c->sent += (size_t)sent;
    }
    return true;
}

// An echo cannot be longer than what was sent so far; an answer of its own can be, once all was sent.
static size_t expected(const worker *w, const connection *c) {
    if (c->ssl != NULL) return w->load->message_size - c->received;  // some may be on its way
    if (w->load->response == NULL) return c->sent - c->received;
    return c->sent == w->load->message_size ? w->load->answer_size - c->received : 0;
}

bool receive_rest(worker *w, connection *c) {
    errno = 0;
    size_t room = worker_receive_size(w->load);
    const char *answer = w->load->response != NULL ? w->load->response : message_bytes(w, c);
    for (;;) {
        ssize_t received = c->ssl != NULL ? tls_receive(c, w->receive_buffer, room)
                                          : recv(c->fd, w->receive_buffer, room, 0);
        if (received < 0 && errno == EAGAIN) return false;
        if (received < 0 && errno == EINTR) continue;
        if (received < 0) fail("recv");
        if (received == 0) fail("the server closed a connection");
        size_t count = (size_t)received;
        if (c->idle || count > expected(w, c)) fail("more came back than was to come");
        if (memcmp(w->receive_buffer, answer + c->received, count) != 0) fail("wrong bytes came back");
        c->received += count;
        if (c->received == w->load->answer_size) return true;
        // Less than there was room for: the socket is drained, and what comes later is a new edge.
        if (count < room && c->ssl == NULL) return false;
    }
}
