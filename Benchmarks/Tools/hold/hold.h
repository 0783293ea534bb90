#pragma once

#include <histogram.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum { message_size = 32, most_ports = 64, most_cpus = 256, errno_count = 136 };

// What the flooders are told to do, one after the other.
typedef enum { stage_wait, stage_connect, stage_echo, stage_close, stage_end } stage;

// The times that the latencies of the live connections belong to, by when a message was due.
typedef enum { time_before, time_during, time_after, time_count } live_time;

typedef struct {
    uint16_t ports[most_ports];
    unsigned port_count;
    unsigned connections, processes;
    unsigned sources;  // addresses that one process binds its connections to in turn
    unsigned window;   // connects under way at most, each process
    unsigned retry;    // milliseconds after which a connect is given up and another begun; 0 for never
    unsigned keep;     // connections that a process holds at most: past it, the oldest is reset; 0 for all
    double rate;       // connects a second, all together; 0 for as fast as it goes
    unsigned rounds;   // messages echoed on each
    unsigned live;
    double live_rate;  // messages a second on each live connection
    double before, after;  // seconds
    double patience;       // seconds without any progress
    uint64_t memory_floor; // bytes that have to stay available
    int live_cpu;          // -1 for any
    int flood_cpus[most_cpus];
    unsigned flood_cpu_count;
    int nice;  // of the flooders
    bool spin, step, progress;
} options;

// One flooder's counts; each process writes its own alone.
typedef struct {
    _Alignas(64) atomic_uint connected;
    atomic_uint held, retried, echoed, lost, wrong;
    atomic_uint failures[errno_count];
    atomic_int done;  // the last stage that it has finished
} flooder_counts;

// What the processes share. The coordinator writes the stage and the times, the live process its histograms.
typedef struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    stage stage;          // under the lock
    atomic_bool enough;   // connect no more: memory is short, or the caller says so
    atomic_ullong starts[time_count];  // nanoseconds; never, until it begins
    atomic_bool live_ready, live_stop, live_done;
    atomic_ullong live_sent, live_answered;
    atomic_uint live_lost;  // connections that ended
    histogram latencies[time_count];
    histogram delays[time_count];  // of sending, which are this program's own fault
    flooder_counts flooders[];
} shared;

// Runs a flooder, or the live connections, in a process of its own.
_Noreturn void flooder_run(const options *o, shared *s, unsigned index);
_Noreturn void live_run(const options *o, shared *s);

// Waits until the stage is another than the one known.
stage next_stage(shared *s, stage known);

uint64_t now(void);
_Noreturn void fail(const char *what);

// A socket that does not block, bound to an address of the loopback network but to no port, and whether its connect
// succeeded or is under way; -1 with errno otherwise.
int begin_connect(uint32_t source, uint16_t port);

// What the flooders have counted, summed up.
typedef struct {
    unsigned connected, held, retried, echoed, lost, wrong, failures[errno_count];
} totals;

totals total(const options *o, const shared *s);

// Fills the options; shows the usage and exits where they make no sense.
options parse_options(int argc, char **argv);

// How long the stages took, in seconds, and why not all was connected; NULL where it was.
typedef struct {
    const char *event;
    double connect_seconds, echo_seconds, close_seconds;
    uint64_t own_memory, least_available;
    bool out_of_memory;
} outcome;

void print_report(const options *o, const shared *s, const outcome *result, const int *pids);

// Bytes of a "Name: N kB" line of a file under /proc; 0 where there is none.
uint64_t proc_bytes(const char *path, const char *name);
