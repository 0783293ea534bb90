#define _GNU_SOURCE
#include "faults.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "CSystemFaults.h"

#define KEPT 64

static const char *const names[FAULT_CALLS] = {
    "recv", "send", "sendmsg", "readv", "writev", "splice", "sendfile", "preadv2", "accept4", "socket", "connect", "pipe2",
    "epoll_ctl ADD", "epoll_ctl MOD", "epoll_wait", "epoll_create1", "eventfd", "timerfd_create", "timerfd_settime",
    "close"};

// One thread has them: its own state decides, and the others' calls are the system's.
static _Thread_local uint64_t state;
static _Thread_local int rate;
static _Thread_local int fails[FAULT_CALLS];
static _Thread_local uint64_t calls[FAULT_CALLS], failures[FAULT_CALLS];
static _Thread_local struct { enum fault_call call; int descriptor, code; uint64_t number; } kept[KEPT];
static _Thread_local uint64_t kept_count;

static uint64_t next(void) {
    state += 0x9E3779B97F4A7C15;
    uint64_t bits = state;
    bits = (bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9;
    bits = (bits ^ (bits >> 27)) * 0x94D049BB133111EB;
    return bits ^ (bits >> 31);
}

void faults_begin(uint64_t seed, int one_in) {
    state = seed;
    rate = one_in;
    faults_only(getenv("FAULTS_ONLY"));
}

void faults_only(const char *only) {
    for (int call = 0; call < FAULT_CALLS; call++) {
        size_t length = strlen(names[call]);
        const char *place = only;
        fails[call] = only == NULL;
        while (place && !fails[call]) {
            fails[call] = strncmp(place, names[call], length) == 0 && (place[length] == ',' || place[length] == 0);
            place = strchr(place, ',');
            if (place) place += 1;
        }
    }
}

void faults_end(void) { rate = 0; }

int fault(enum fault_call call, int descriptor, const int *codes, size_t count) {
    if (rate == 0) return 0;
    calls[call] += 1;
    // Calls of which a run makes only some dozens fail more often, so that each run has some that do.
    int is_rare = call == FAULT_PIPE2 || call == FAULT_EPOLL_WAIT || call == FAULT_TIMERFD_SETTIME;
    int one_in = is_rare ? rate / 20 + 1 : rate;
    if (!fails[call] || next() % (uint64_t)one_in != 0) return 0;
    int code = codes[next() % count];
    failures[call] += 1;
    kept[kept_count % KEPT].call = call;
    kept[kept_count % KEPT].descriptor = descriptor;
    kept[kept_count % KEPT].code = code;
    kept[kept_count % KEPT].number = calls[call];
    kept_count += 1;
    return code;
}

size_t fault_short(size_t count) {
    if (rate == 0 || count < 2 || next() % 10 != 0) return count;
    return 1 + next() % (count - 1);
}

const char *faults_call(int index) { return index >= 0 && index < FAULT_CALLS ? names[index] : NULL; }
uint64_t faults_calls(int index) { return calls[index]; }
uint64_t faults_failures(int index) { return failures[index]; }

void faults_print(void) {
    uint64_t first = kept_count > KEPT ? kept_count - KEPT : 0;
    for (uint64_t index = first; index < kept_count; index++) {
        enum fault_call call = kept[index % KEPT].call;
        fprintf(stderr, "fault: %s %llu of descriptor %d: %s\n", names[call],
            (unsigned long long)kept[index % KEPT].number, kept[index % KEPT].descriptor,
            strerrorname_np(kept[index % KEPT].code));
    }
}
