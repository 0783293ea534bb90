// A process that opens its share of the connections, echoes on each of them in turn, and resets them.

#include "hold.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { echoes_together = 64 };

typedef struct {
    const options *options;
    shared *shared;
    flooder_counts *counts;
    unsigned index, share;  // its number, and how many it is to open
    uint32_t first_source;
    unsigned opened;        // connects begun
    int *held;              // a ring where only some are kept
    unsigned held_room, held_start, held_count;
    struct pollfd *under_way;
    uint64_t *begun;  // when each of them was
    unsigned under_way_count;
    uint64_t last_progress;
} flooder;

static void count(atomic_uint *counter) {
    atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + 1, memory_order_relaxed);
}

static void failed(flooder *f, int code) {
    count(&f->counts->failures[code > 0 && code < errno_count ? code : 0]);
}

// Nothing is left in TIME_WAIT, so that very many in turn do not run out of ports.
static void reset(int fd) {
    struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(fd);
}

static void hold(flooder *f, int fd) {
    count(&f->counts->connected);
    f->last_progress = now();
    if (f->held_count == f->held_room) {
        reset(f->held[f->held_start]);
        f->held_start = (f->held_start + 1) % f->held_room;
        f->held_count--;
    }
    f->held[(f->held_start + f->held_count++) % f->held_room] = fd;
    atomic_store_explicit(&f->counts->held, f->held_count, memory_order_relaxed);
}

static void settle(flooder *f, int timeout) {
    if (f->under_way_count == 0 || poll(f->under_way, f->under_way_count, timeout) <= 0) return;
    unsigned kept = 0;
    for (unsigned i = 0; i < f->under_way_count; i++) {
        struct pollfd *p = &f->under_way[i];
        if (p->revents == 0) {
            f->under_way[kept] = *p;
            f->begun[kept++] = f->begun[i];
            continue;
        }
        int code = 0;
        socklen_t length = sizeof code;
        getsockopt(p->fd, SOL_SOCKET, SO_ERROR, &code, &length);
        if (code == 0) {
            hold(f, p->fd);
        } else {
            failed(f, code);
            close(p->fd);
        }
    }
    f->under_way_count = kept;
}

// Where a backlog is full the kernel tries again after a second. A flood does not wait for that: what has taken too
// long is given up, and another takes its place.
static void give_up_slow(flooder *f) {
    uint64_t patience = f->options->retry * 1000000ull, time = now();
    unsigned kept = 0;
    for (unsigned i = 0; i < f->under_way_count; i++) {
        if (time - f->begun[i] < patience) {
            f->under_way[kept] = f->under_way[i];
            f->begun[kept++] = f->begun[i];
        } else {
            close(f->under_way[i].fd);
            count(&f->counts->retried);
            f->opened--;
        }
    }
    f->under_way_count = kept;
}

// Whether another can be opened; a shortage of this process or of the system ends it.
static bool open_one(flooder *f) {
    const options *o = f->options;
    uint32_t source = f->first_source + f->opened % o->sources;
    int fd = begin_connect(source, o->ports[(f->opened / o->sources) % o->port_count]);
    if (fd < 0) {
        failed(f, errno);
        return errno == ECONNREFUSED || errno == ETIMEDOUT;
    }
    f->opened++;
    f->begun[f->under_way_count] = now();
    f->under_way[f->under_way_count++] = (struct pollfd){.fd = fd, .events = POLLOUT};
    return true;
}

static void wait_until(uint64_t time) {
    struct timespec t = {.tv_sec = (time_t)(time / 1000000000u), .tv_nsec = (long)(time % 1000000000u)};
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
}

static void connect_all(flooder *f) {
    const options *o = f->options;
    uint64_t start = f->last_progress = now(), patience = (uint64_t)(o->patience * 1e9);
    double interval = o->rate > 0 ? 1e9 * o->processes / o->rate : 0;
    bool stopped = false;
    for (;;) {
        stopped = stopped || atomic_load_explicit(&f->shared->enough, memory_order_relaxed);
        bool more = !stopped && f->opened < f->share;
        if (!more && f->under_way_count == 0) return;
        if (more && f->under_way_count < o->window) {
            if (interval > 0) {
                settle(f, 0);
                wait_until(start + (uint64_t)(interval * f->opened));
            }
            stopped = !open_one(f);
            continue;
        }
        // On the loopback interface most are connected by now; the others wait for room in a backlog.
        settle(f, o->retry > 0 ? (int)o->retry : 100);
        if (o->retry > 0) give_up_slow(f);
        if (now() - f->last_progress < patience) continue;
        for (unsigned i = 0; i < f->under_way_count; i++) {
            failed(f, ETIMEDOUT);
            close(f->under_way[i].fd);
        }
        f->under_way_count = 0;
        return;
    }
}

static int held_at(const flooder *f, unsigned position) {
    return f->held[(f->held_start + position) % f->held_room];
}

static void write_message(char *bytes, const flooder *f, unsigned position, unsigned round) {
    uint32_t words[message_size / 4];
    for (unsigned i = 0; i < message_size / 4; i++) words[i] = (f->index << 20 ^ position) * 2654435761u + round + i;
    memcpy(bytes, words, message_size);
}

// Whether the message has come back whole.
static bool answered(flooder *f, int fd, const char *message) {
    char bytes[message_size + 1];
    unsigned received = 0;
    while (received < message_size) {
        struct pollfd readable = {.fd = fd, .events = POLLIN};
        if (poll(&readable, 1, (int)(f->options->patience * 1000)) <= 0) return false;
        ssize_t more = recv(fd, bytes + received, sizeof bytes - received, 0);
        if (more == 0 || (more < 0 && errno != EAGAIN && errno != EINTR)) return false;
        if (more > 0) received += (unsigned)more;
    }
    if (received == message_size && memcmp(bytes, message, message_size) == 0) return true;
    count(&f->counts->wrong);
    return false;
}

static void echo_all(flooder *f) {
    char messages[echoes_together][message_size];
    for (unsigned round = 0; round < f->options->rounds; round++) {
        for (unsigned start = 0; start < f->held_count; start += echoes_together) {
            unsigned end = start + echoes_together < f->held_count ? start + echoes_together : f->held_count;
            for (unsigned i = start; i < end; i++) {
                write_message(messages[i - start], f, i, round);
                send(held_at(f, i), messages[i - start], message_size, MSG_NOSIGNAL);
            }
            for (unsigned i = start; i < end; i++)
                count(answered(f, held_at(f, i), messages[i - start]) ? &f->counts->echoed : &f->counts->lost);
        }
    }
}

static void close_all(flooder *f) {
    for (unsigned i = 0; i < f->held_count; i++) reset(held_at(f, i));
    f->held_count = 0;
    atomic_store(&f->counts->held, 0);
}

void flooder_run(const options *o, shared *s, unsigned index) {
    if (o->flood_cpu_count > 0) {
        cpu_set_t cpus;
        CPU_ZERO(&cpus);
        CPU_SET(o->flood_cpus[index % o->flood_cpu_count], &cpus);
        if (sched_setaffinity(0, sizeof cpus, &cpus) < 0) fail("sched_setaffinity");
    }
    if (o->nice != 0 && setpriority(PRIO_PROCESS, 0, o->nice) < 0) fail("setpriority");
    flooder f = {.options = o, .shared = s, .counts = &s->flooders[index], .index = index};
    f.share = o->connections / o->processes + (index < o->connections % o->processes ? 1 : 0);
    f.held_room = o->keep > 0 && o->keep < f.share ? o->keep : f.share > 0 ? f.share : 1;
    // 127.1.0.0 and up, none of them shared; 127.0.0.1 is left to others.
    f.first_source = (127u << 24 | 1u << 16) + index * o->sources + 1;
    f.held = malloc(f.held_room * sizeof *f.held);
    f.under_way = malloc(o->window * sizeof *f.under_way);
    f.begun = malloc(o->window * sizeof *f.begun);
    if (f.held == NULL || f.under_way == NULL || f.begun == NULL) fail("malloc");

    for (stage known = stage_wait; known != stage_end;) {
        known = next_stage(s, known);
        if (known == stage_connect) connect_all(&f);
        else if (known == stage_echo) echo_all(&f);
        else if (known == stage_close) close_all(&f);
        atomic_store(&f.counts->done, known);
    }
    exit(0);
}
