#pragma once

#include "tls.h"

#include <histogram.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// What the connections do. One function table a kind of work.
typedef struct {
    const char *name;
    bool connects_first;  // all connections are made before the work begins
    // Starts a unit of work on a connection that has none under way.
    void (*begin)(worker *w, connection *c, uint64_t time);
    void (*on_event)(worker *w, connection *c, uint32_t events);
} activity;

extern const activity echo_activity;     // a message there and back, every byte checked
extern const activity send_activity;     // messages there; none comes back
extern const activity receive_activity;  // whatever the server sends
extern const activity churn_activity;    // connect, a message there and back, close
extern const activity storm_activity;    // connect, a message there and back; once, and close when all are done

// What all workers share; written by the main thread alone.
typedef struct {
    const activity *activity;
    uint16_t port;
    size_t message_size;    // of what is sent
    size_t answer_size;     // of what comes back: the same, unless request and response are given
    const char *request, *response;  // if they are not NULL, every message is the one and every answer the other
    size_t line_size;       // every so many bytes a message has a newline, if this is not 0
    double rate;            // messages a second and worker, sent on a schedule, if this is not 0
    bool spin;              // poll without sleeping while running
    const char *pattern;    // message_size + pattern_shifts bytes; every message is a window into it
    tls_settings tls;       // context is NULL without TLS
    atomic_bool running;    // while false, a connection whose message is complete sends no other
    atomic_bool recording;  // while true, latencies are kept
    atomic_bool stopping;
} load;

enum { pattern_shifts = 4096 };

struct connection {
    int fd;  // -1 while there is none
    SSL *ssl;  // NULL without TLS
    bool offers_session, flushing;  // of TLS
    bool idle;
    unsigned identifier;
    uint64_t sequence;
    uint64_t started;  // nanoseconds: when the message was sent, or was to be sent if there is a schedule
    uint64_t due;      // with a schedule: when the next message is to be sent
    size_t sent, received;
};

// One thread, with its share of the connections.
struct worker {
    _Alignas(64) atomic_ullong messages;  // answered in full and correct; on a cache line of its own
    atomic_uint idle;                     // connections with nothing under way
    atomic_int thread_id;                 // the kernel's, set before the first connection is busy
    load *load;
    unsigned connection_count;
    unsigned first_identifier;
    unsigned identifier_stride;
    uint64_t next_due;   // with a schedule: when the next connection's turn is, and whose it is
    unsigned next_turn;
    connection *connections;
    char *receive_buffer;
    SSL_SESSION *session;  // to resume by; NULL without TLS, and until the first ticket
    int epoll_fd;
    int wake_fd;
    pthread_t thread;
    histogram latencies;
};

// Connects all of the worker's connections, then starts its thread. Exits the process on failure.
void worker_start(worker *w);

// Makes the worker look at the load's flags.
void worker_wake(worker *w);

void worker_join(worker *w);

// Closes all with a reset. Only while nothing is under way.
void worker_reset_connections(worker *w);

// For activities.

uint64_t now(void);
void open_socket(worker *w, connection *c, bool blocking);
void close_with_reset(connection *c);

// Counts a unit of work that is complete, and begins the next where there is to be one.
void end_work(worker *w, connection *c, unsigned long long messages);

// Marks that nothing is under way.
void rest(worker *w, connection *c);

// Sends what is left of the current message. False if the kernel does not take more.
bool send_rest(worker *w, connection *c);

// Receives and checks what has come of the current message. True when it is complete.
bool receive_rest(worker *w, connection *c);

// The buffer for received bytes: as large as a message, within reason.
size_t worker_receive_size(const load *l);

_Noreturn void fail(const char *what);
