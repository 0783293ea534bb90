// Bytes in one direction only. A message is then a measure of bytes, and latency says nothing.

#include "worker.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>

static bool running(const worker *w) {
    return atomic_load_explicit(&w->load->running, memory_order_relaxed);
}

static void send_messages(worker *w, connection *c) {
    // A part-sent message is left as it is when the load is stopped: the connection rests, and goes on from there.
    while (running(w)) {
        if (!send_rest(w, c)) return;
        c->sent = 0;
        c->sequence++;
        unsigned long long before = atomic_load_explicit(&w->messages, memory_order_relaxed);
        atomic_store_explicit(&w->messages, before + 1, memory_order_release);
    }
    rest(w, c);
}

static void begin_sending(worker *w, connection *c, uint64_t time) {
    (void)time;
    send_messages(w, c);
}

static void on_sending_event(worker *w, connection *c, uint32_t events) {
    if (events & (EPOLLERR | EPOLLHUP | EPOLLRDHUP)) {
        errno = 0;
        fail("the server closed a connection");
    }
    if (!c->idle) send_messages(w, c);
}

// The kernel drops the bytes without copying them, so that no server has to wait for the generator.
static void receive_messages(worker *w, connection *c) {
    while (running(w)) {
        ssize_t received = recv(c->fd, NULL, 1 << 20, MSG_TRUNC);
        if (received < 0 && errno == EAGAIN) return;
        if (received < 0 && errno == EINTR) continue;
        if (received < 0) fail("recv");
        if (received == 0) fail("the server closed a connection");
        c->received += (size_t)received;
        unsigned long long before = atomic_load_explicit(&w->messages, memory_order_relaxed);
        atomic_store_explicit(&w->messages, before + c->received / w->load->message_size, memory_order_release);
        c->received %= w->load->message_size;
    }
    close_with_reset(c);
    rest(w, c);
}

// A connection lasts from run to run of the load at most. One that stood still with all buffers full would lose what
// comes on top, and wait for the kernel to send that again: longer the longer it stood.
static void begin_receiving(worker *w, connection *c, uint64_t time) {
    (void)time;
    c->received = 0;
    open_socket(w, c, true);
    receive_messages(w, c);
}

static void on_receiving_event(worker *w, connection *c, uint32_t events) {
    (void)events;
    if (!c->idle) receive_messages(w, c);
}

const activity send_activity = {
    .name = "send", .connects_first = true, .begin = begin_sending, .on_event = on_sending_event};
const activity receive_activity = {
    .name = "receive", .begin = begin_receiving, .on_event = on_receiving_event};
