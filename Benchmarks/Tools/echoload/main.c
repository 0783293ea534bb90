// Load for echo servers: N connections over T threads, each with one message under way at a time, every echoed byte
// checked. `echoload --port P` prints a line for people, `--json` one for programs.
//
// --work says what the connections do: echo, send, receive, churn or storm (worker.h has what each is); --lines N puts a
// newline at every N bytes; --rate R sends on a schedule, R messages a second, whether or not the answers keep up, and
// counts latency from the time a message was to be sent. --request and --response name files: every message is the
// one, and every answer has to be the other.
//
// With --tls the connections speak TLS 1.3; --cipher names the one suite that they offer, and --resume has each handshake
// resume the last session. A message of churn is then a handshake, an echo and a close.
//
// With --hold it stands still between measurements, so that others can take readings with nothing under way, or measure
// several servers turn by turn: it says "ready" after warming up, measures and reports for each line that it gets, and
// ends with its input.

#include "echoload.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// How long a resumed load runs before it is measured, in seconds: for all connections to be busy again, and for new ones
// to have grown their windows.
static double ramp(const load *l) {
    return l->activity == &receive_activity ? 0.1 : 0.03;
}

static char *make_pattern(size_t count, size_t line_size) {
    char *bytes = malloc(count);
    if (bytes == NULL) fail("malloc");
    uint32_t state = 2463534242u;
    for (size_t i = 0; i < count; i++) {
        state ^= state << 13, state ^= state >> 17, state ^= state << 5;
        bytes[i] = (char)state;
        if (line_size != 0) bytes[i] = (i + 1) % line_size == 0 ? '\n' : (char)('A' + (state >> 8) % 26);
    }
    return bytes;
}

static void pause_for(double seconds) {
    struct timespec t = {.tv_sec = (time_t)seconds, .tv_nsec = (long)((seconds - (double)(time_t)seconds) * 1e9)};
    while (nanosleep(&t, &t) < 0 && errno == EINTR) {}
}

static void run_load(load *l, worker *workers, const options *o) {
    atomic_store(&l->running, true);
    for (unsigned i = 0; i < o->threads; i++) worker_wake(&workers[i]);
}

// Lets every message under way come back, and starts no other.
static void settle_load(load *l, worker *workers, const options *o) {
    atomic_store(&l->running, false);
    for (int milliseconds = 0; milliseconds < 30000; milliseconds++) {
        unsigned idle = 0;
        for (unsigned i = 0; i < o->threads; i++) idle += atomic_load(&workers[i].idle);
        if (idle == o->connections) return;
        pause_for(0.001);
    }
    errno = 0;
    fail("a message has not come back within half a minute");
}

static bool line_arrived(void) {
    char line[16];
    return fgets(line, sizeof line, stdin) != NULL;
}

static void reset_connections(worker *workers, const options *o) {
    for (unsigned i = 0; i < o->threads; i++) worker_reset_connections(&workers[i]);
}

// Every connection once. The readings are taken before the first and after the last.
static void measure_storm(load *l, worker *workers, const options *o) {
    atomic_store(&l->recording, true);
    reading from = take_reading(workers, o);
    run_load(l, workers, o);
    while (total_messages(workers, o) < from.messages + o->connections) pause_for(0.0002);
    reading to = take_reading(workers, o);
    atomic_store(&l->recording, false);
    settle_load(l, workers, o);
    report(o, l, workers, &from, &to);
    reset_connections(workers, o);
}

// Starts from and ends with nothing under way. The readings are taken while all connections are busy.
static void measure(load *l, worker *workers, const options *o, double warmup) {
    for (unsigned i = 0; i < o->threads; i++) memset(&workers[i].latencies, 0, sizeof workers[i].latencies);
    if (l->activity == &storm_activity) return measure_storm(l, workers, o);
    run_load(l, workers, o);
    pause_for(warmup);
    atomic_store(&l->recording, true);
    reading from = take_reading(workers, o);
    pause_for(o->seconds);
    reading to = take_reading(workers, o);
    atomic_store(&l->recording, false);
    settle_load(l, workers, o);
    report(o, l, workers, &from, &to);
}

int main(int argc, char **argv) {
    load l = {0};
    options o = parse_options(argc, argv, &l);
    l.pattern = make_pattern(l.message_size + pattern_shifts, l.line_size);

    worker *workers = aligned_alloc(_Alignof(worker), o.threads * sizeof *workers);
    if (workers == NULL) fail("malloc");
    memset(workers, 0, o.threads * sizeof *workers);
    for (unsigned i = 0; i < o.threads; i++) {
        worker *w = &workers[i];
        w->load = &l;
        w->connection_count = o.connections / o.threads + (i < o.connections % o.threads);
        w->first_identifier = i;
        w->identifier_stride = o.threads;
        worker_start(w);
    }
    for (unsigned i = 0; i < o.threads; i++)
        while (atomic_load(&workers[i].thread_id) == 0) pause_for(0.0001);

    if (o.hold) {
        run_load(&l, workers, &o);
        pause_for(o.warmup);
        settle_load(&l, workers, &o);
        if (l.activity == &storm_activity) reset_connections(workers, &o);
        printf("ready %llu\n", total_messages(workers, &o));
        fflush(stdout);
        while (line_arrived()) measure(&l, workers, &o, ramp(&l));
    } else {
        measure(&l, workers, &o, o.warmup);
    }

    atomic_store(&l.stopping, true);
    for (unsigned i = 0; i < o.threads; i++) {
        worker_wake(&workers[i]);
        worker_join(&workers[i]);
    }
    // Many thousand closed in the usual way would stay with the kernel for a minute.
    reset_connections(workers, &o);
    return 0;
}
