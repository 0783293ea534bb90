#define _GNU_SOURCE
#include "CEventReactorShims.h"
#include "dispositions.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { BLOCK_SIZE = 64, BLOCKS = 4096, SIGNALS = 64 };

// The loop that does not take a signal has this long from the next one on: two that are one wish, as where a terminal
// and a shell both send it, must not cut an orderly stop short.
enum { PATIENCE_NANOSECONDS = 500 * 1000 * 1000 };

enum { FREE = -1, LOST = -2 };

struct place {
    atomic_int wake;       // the eventfd; FREE, or LOST where it was a parent process's
    _Atomic uint64_t mask; // the signals that are wanted here
    _Atomic uint64_t ends; // those among them that end a process whose loop does not take them
    _Atomic uint64_t came; // the signals that came and have not been taken
    atomic_bool overdue;   // another one came before that
};

struct block {
    struct place places[BLOCK_SIZE];
};

// Blocks are added as reactors begin to run, and stay: handlers walk them without a lock.
static _Atomic(struct block *) blocks[BLOCKS];
static atomic_int running_handlers;

// Guards what follows; no handler touches it, but for the timers, which do not change while their signal has a user.
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int users[SIGNALS + 1];
static struct sigaction before[SIGNALS + 1];
static timer_t timers[SIGNALS + 1];
static atomic_bool has_timer[SIGNALS + 1];
static atomic_bool is_armed[SIGNALS + 1]; // the timer runs, or has expired and its signal is on the way

static struct place *place_at(int index) {
    return &atomic_load_explicit(&blocks[index / BLOCK_SIZE], memory_order_acquire)->places[index % BLOCK_SIZE];
}

// MARK: In handlers, where only what is safe in them may be called.

// Ends the process as the signal does where nothing handles it.
static void end_process(int number) {
    struct sigaction action = {.sa_handler = SIG_DFL};
    sigaction(number, &action, NULL);
    sigset_t one;
    sigemptyset(&one);
    sigaddset(&one, number);
    raise(number);
    pthread_sigmask(SIG_UNBLOCK, &one, NULL);
    // The first process of a container, or a signal that ends nothing.
    _exit(128 + number);
}

static void on_signal(int number);

static bool has_expired(int number) {
    struct itimerspec now;
    return timer_gettime(timers[number], &now) != 0 || (now.it_value.tv_sec == 0 && now.it_value.tv_nsec == 0);
}

// A second signal came before a loop took the first one: ends the process if that stays so.
static void watch(int number) {
    struct itimerspec patience = {.it_value = {.tv_nsec = PATIENCE_NANOSECONDS}};
    if (!atomic_load(&has_timer[number])) end_process(number);
    if (atomic_load(&is_armed[number])) return;
    if (timer_settime(timers[number], 0, &patience, NULL) != 0) end_process(number);
    // Only now: a timer that is armed and not running is one that has expired.
    atomic_store(&is_armed[number], true);
}

// Calls a function with each place that wants a signal. Whether there is such a place.
static bool for_each_place(
    uint64_t bit, void (*body)(struct place *, int wake, uint64_t bit, bool *found), bool *found) {
    bool is_wanted = false;
    atomic_fetch_add(&running_handlers, 1);
    for (int i = 0; i < BLOCKS; i++) {
        struct block *block = atomic_load_explicit(&blocks[i], memory_order_acquire);
        if (block == NULL) break;
        for (int j = 0; j < BLOCK_SIZE; j++) {
            struct place *place = &block->places[j];
            if (!(atomic_load(&place->mask) & bit)) continue;
            int wake = atomic_load(&place->wake);
            if (wake < 0) continue;
            is_wanted = true;
            body(place, wake, bit, found);
        }
    }
    atomic_fetch_sub(&running_handlers, 1);
    return is_wanted;
}

// Marks a signal at a place. Found: a place whose loop has not taken the one before.
static void deliver(struct place *place, int wake, uint64_t bit, bool *found) {
    uint64_t ends = atomic_load(&place->ends);
    uint64_t came = atomic_fetch_or(&place->came, bit);
    if ((ends & bit) && (came & ends)) {
        atomic_store(&place->overdue, true);
        *found = true;
    }
    er_eventfd_wake(wake);
}

// Found: a place whose loop has taken nothing since.
static void look(struct place *place, int wake, uint64_t bit, bool *found) {
    (void)wake;
    (void)bit;
    if (atomic_load(&place->overdue)) *found = true;
}

static void on_signal(int number) {
    int saved = errno;
    uint64_t bit = (uint64_t)1 << (number - 1);
    bool found = false;
    if (atomic_load(&is_armed[number]) && has_expired(number)) {
        // The timer's own.
        atomic_store(&is_armed[number], false);
        for_each_place(bit, look, &found);
        if (found) end_process(number);
    } else if (for_each_place(bit, deliver, &found)) {
        if (found) watch(number);
    } else {
        // The last run has ended, and code that had replaced this handler meanwhile has put it back.
        struct sigaction now;
        if (sigaction(number, NULL, &now) == 0 && er_is_handler(&now, on_signal)) {
            sigaction(number, &before[number], NULL);
            raise(number);
        }
    }
    errno = saved;
}

// MARK: Forks

static void prepare_to_fork(void) {
    pthread_mutex_lock(&lock);
}

static void continue_after_fork(void) {
    pthread_mutex_unlock(&lock);
}

// The child has none of the runs: what signals did before is back in it, and the places, whose eventfds it shares with
// its parent, are never used again.
static void begin_in_child(void) {
    atomic_store(&running_handlers, 0);
    for (int i = 0; i < BLOCKS; i++) {
        struct block *block = atomic_load(&blocks[i]);
        if (block == NULL) break;
        for (int j = 0; j < BLOCK_SIZE; j++) {
            struct place *place = &block->places[j];
            atomic_store(&place->mask, 0);
            atomic_store(&place->came, 0);
            if (atomic_load(&place->wake) != FREE) atomic_store(&place->wake, LOST);
        }
    }
    for (int number = 1; number <= SIGNALS; number++) {
        // Timers are not inherited.
        atomic_store(&has_timer[number], false);
        atomic_store(&is_armed[number], false);
        if (users[number] > 0) er_restore_disposition(number, &before[number], on_signal);
        users[number] = 0;
    }
    pthread_mutex_unlock(&lock);
}

__attribute__((constructor)) static void see_to_forks(void) {
    pthread_atfork(prepare_to_fork, continue_after_fork, begin_in_child);
}

// MARK: Subscribing

int er_signals_subscribe(int wake_descriptor) {
    int found = -1;
    pthread_mutex_lock(&lock);
    for (int i = 0; i < BLOCKS && found < 0; i++) {
        struct block *block = atomic_load(&blocks[i]);
        if (block == NULL) {
            block = malloc(sizeof *block);
            if (block == NULL) break;
            for (int j = 0; j < BLOCK_SIZE; j++) {
                atomic_init(&block->places[j].wake, FREE);
                atomic_init(&block->places[j].mask, 0);
                atomic_init(&block->places[j].ends, 0);
                atomic_init(&block->places[j].came, 0);
                atomic_init(&block->places[j].overdue, false);
            }
            atomic_store_explicit(&blocks[i], block, memory_order_release);
        }
        for (int j = 0; j < BLOCK_SIZE && found < 0; j++) {
            struct place *place = &block->places[j];
            if (atomic_load(&place->wake) != FREE) continue;
            atomic_store(&place->mask, 0);
            atomic_store(&place->ends, 0);
            atomic_store(&place->came, 0);
            atomic_store(&place->overdue, false);
            atomic_store(&place->wake, wake_descriptor);
            found = i * BLOCK_SIZE + j;
        }
    }
    pthread_mutex_unlock(&lock);
    return found;
}

// Has the handler called, and keeps what was there before.
static int install(int number) {
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    sigfillset(&action.sa_mask);
    struct sigaction old;
    if (sigaction(number, &action, &old) != 0) return errno;
    // Where it is this handler it was left over: what was before that counts.
    if (!er_is_handler(&old, on_signal)) before[number] = old;
    if (!atomic_load(&has_timer[number])) {
        struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = number};
        // Without one the second signal ends the process at once.
        if (timer_create(CLOCK_MONOTONIC, &event, &timers[number]) == 0) atomic_store(&has_timer[number], true);
    }
    return 0;
}

int er_signals_add(int index, int number, int ends_process) {
    if (number < 1 || number > SIGNALS) return EINVAL;
    int code = 0;
    struct place *place = place_at(index);
    pthread_mutex_lock(&lock);
    uint64_t bit = (uint64_t)1 << (number - 1);
    if (!(atomic_load(&place->mask) & bit)) {
        // Wanted before it is handled, so that none that is handled goes unseen.
        if (ends_process) atomic_fetch_or(&place->ends, bit);
        atomic_fetch_or(&place->mask, bit);
        if (users[number] == 0) code = install(number);
        if (code == 0) {
            users[number]++;
        } else {
            atomic_fetch_and(&place->mask, ~bit);
            atomic_fetch_and(&place->ends, ~bit);
        }
    }
    pthread_mutex_unlock(&lock);
    return code;
}

void er_signals_unsubscribe(int index) {
    struct place *place = place_at(index);
    pthread_mutex_lock(&lock);
    uint64_t mask = atomic_exchange(&place->mask, 0);
    for (int number = 1; number <= SIGNALS; number++) {
        if (!(mask >> (number - 1) & 1)) continue;
        if (--users[number] > 0) continue;
        // Stopped while its signal is still handled here; it stays for the next run, since a handler on another thread
        // may have it in hand.
        struct itimerspec never = {0};
        if (atomic_exchange(&is_armed[number], false)) timer_settime(timers[number], 0, &never, NULL);
        er_restore_disposition(number, &before[number], on_signal);
    }
    atomic_store(&place->wake, FREE);
    pthread_mutex_unlock(&lock);
    // A handler on another thread may have read the descriptor already.
    while (atomic_load(&running_handlers) > 0) sched_yield();
}

uint64_t er_signals_take(int index) {
    struct place *place = place_at(index);
    // Most wake-ups are no signals.
    if (atomic_load(&place->came) == 0) return 0;
    uint64_t came = atomic_exchange(&place->came, 0);
    atomic_store(&place->overdue, false);
    return came;
}
