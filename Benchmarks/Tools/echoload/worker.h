#pragma once

#include <histogram.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// What all workers share; written by the main thread alone.
typedef struct {
    uint16_t port;
    size_t message_size;
    bool spin;              // poll without sleeping while running
    const char *pattern;    // message_size + pattern_shifts bytes; every message is a window into it
    atomic_bool running;    // while false, a connection whose message is complete sends no other
    atomic_bool recording;  // while true, latencies are kept
    atomic_bool stopping;
} load;

enum { pattern_shifts = 4096 };

typedef struct connection connection;

// One thread, with its share of the connections.
typedef struct {
    _Alignas(64) atomic_ullong messages;  // answered in full and correct; on a cache line of its own
    atomic_uint idle;                     // connections with no message under way
    atomic_int thread_id;                 // the kernel's, set before the first connection is busy
    load *load;
    unsigned connection_count;
    unsigned first_identifier;
    unsigned identifier_stride;
    connection *connections;
    char *receive_buffer;
    int epoll_fd;
    int wake_fd;
    pthread_t thread;
    histogram latencies;
} worker;

// Connects all of the worker's connections, then starts its thread. Exits the process on failure.
void worker_start(worker *w);

// Makes the worker look at the load's flags.
void worker_wake(worker *w);

void worker_join(worker *w);

// The buffer for received bytes: as large as a message, within reason.
size_t worker_receive_size(const load *l);

_Noreturn void fail(const char *what);
