#define _GNU_SOURCE
#include "CEventReactorShims.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>

enum { PLACES = 256, SIGNALS = 64 };

struct place {
    atomic_int wake;       // the eventfd, or -1 where the place is free
    _Atomic uint64_t mask; // the signals that are wanted here
    _Atomic uint64_t came; // the signals that came
};

static struct place places[PLACES];
static atomic_int running_handlers;

// Guards what follows; no handler touches it.
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static bool is_prepared;
static int users[SIGNALS + 1];
static struct sigaction before[SIGNALS + 1];
static int sigpipe_users;
static bool sigpipe_changed;
static struct sigaction sigpipe_before;

static void on_signal(int number) {
    int saved = errno;
    uint64_t bit = (uint64_t)1 << (number - 1);
    atomic_fetch_add(&running_handlers, 1);
    for (int i = 0; i < PLACES; i++) {
        if (!(atomic_load(&places[i].mask) & bit)) continue;
        int wake = atomic_load(&places[i].wake);
        if (wake < 0) continue;
        atomic_fetch_or(&places[i].came, bit);
        er_eventfd_wake(wake);
    }
    atomic_fetch_sub(&running_handlers, 1);
    errno = saved;
}

int er_signals_subscribe(int wake_descriptor) {
    int found = -1;
    pthread_mutex_lock(&lock);
    if (!is_prepared) {
        for (int i = 0; i < PLACES; i++) atomic_store(&places[i].wake, -1);
        is_prepared = true;
    }
    for (int i = 0; i < PLACES && found < 0; i++) {
        if (atomic_load(&places[i].wake) >= 0) continue;
        atomic_store(&places[i].mask, 0);
        atomic_store(&places[i].came, 0);
        atomic_store(&places[i].wake, wake_descriptor);
        found = i;
    }
    pthread_mutex_unlock(&lock);
    return found;
}

int er_signals_add(int place, int number) {
    if (number < 1 || number > SIGNALS) return EINVAL;
    int code = 0;
    pthread_mutex_lock(&lock);
    uint64_t bit = (uint64_t)1 << (number - 1);
    if (!(atomic_load(&places[place].mask) & bit)) {
        // Wanted before it is handled, so that none that is handled goes unseen.
        atomic_fetch_or(&places[place].mask, bit);
        if (users[number] == 0) {
            struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
            sigfillset(&action.sa_mask);
            if (sigaction(number, &action, &before[number]) != 0) code = errno;
        }
        if (code == 0) {
            users[number]++;
        } else {
            atomic_fetch_and(&places[place].mask, ~bit);
        }
    }
    pthread_mutex_unlock(&lock);
    return code;
}

void er_signals_unsubscribe(int place) {
    pthread_mutex_lock(&lock);
    uint64_t mask = atomic_exchange(&places[place].mask, 0);
    for (int number = 1; number <= SIGNALS; number++) {
        if (!(mask >> (number - 1) & 1)) continue;
        if (--users[number] == 0) sigaction(number, &before[number], NULL);
    }
    atomic_store(&places[place].wake, -1);
    pthread_mutex_unlock(&lock);
    // A handler on another thread may have read the descriptor already.
    while (atomic_load(&running_handlers) > 0) sched_yield();
}

uint64_t er_signals_take(int place) {
    return atomic_exchange(&places[place].came, 0);
}

void er_sigpipe_ignore_begin(void) {
    pthread_mutex_lock(&lock);
    if (sigpipe_users++ == 0) {
        sigpipe_changed = false;
        if (sigaction(SIGPIPE, NULL, &sigpipe_before) == 0 && !(sigpipe_before.sa_flags & SA_SIGINFO) &&
            sigpipe_before.sa_handler == SIG_DFL) {
            struct sigaction ignore = {.sa_handler = SIG_IGN};
            sigpipe_changed = sigaction(SIGPIPE, &ignore, NULL) == 0;
        }
    }
    pthread_mutex_unlock(&lock);
}

void er_sigpipe_ignore_end(void) {
    pthread_mutex_lock(&lock);
    if (--sigpipe_users == 0 && sigpipe_changed) sigaction(SIGPIPE, &sigpipe_before, NULL);
    pthread_mutex_unlock(&lock);
}
