#define _GNU_SOURCE
#include "CEventReactorShims.h"
#include "dispositions.h"
#include "forks.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { BLOCK_SIZE = 64, BLOCKS = 4096, SIGNALS = 64 };

// The time that a loop has to take a signal after the second one: two signals of one cause, as from a terminal and a
// shell, must not abort a graceful stop.
enum { PATIENCE_NANOSECONDS = 500 * 1000 * 1000 };

enum { FREE = -1, LOST = -2 };

struct subscriber {
    atomic_int wake_fd;       // the eventfd; FREE, or LOST if it is a parent process's
    _Atomic uint64_t mask;    // the subscribed signals
    _Atomic uint64_t ends;    // those that end the process if its loop does not take them
    _Atomic uint64_t pending; // those that arrived and were not taken
    atomic_bool overdue;      // another one arrived before the loop took the first
};

struct block {
    struct subscriber subscribers[BLOCK_SIZE];
};

// Blocks are added as reactors begin to run, and are never freed: handlers iterate them without a lock.
static _Atomic(struct block *) blocks[BLOCKS];
static atomic_int running_handlers;

// Guards the variables below. Handlers read only `before` and the timers, which do not change while their signal has a
// user.
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int users[SIGNALS + 1];
static struct sigaction before[SIGNALS + 1];
static timer_t timers[SIGNALS + 1];
static atomic_bool has_timer[SIGNALS + 1];
static atomic_bool is_armed[SIGNALS + 1]; // the timer is running, or has expired and its signal is pending

static struct subscriber *subscriber_at(int index) {
    return &atomic_load_explicit(&blocks[index / BLOCK_SIZE], memory_order_acquire)->subscribers[index % BLOCK_SIZE];
}

// MARK: In handlers, which may call async-signal-safe functions only

// Ends the process by the default action of a signal.
static void end_process(int number) {
    struct sigaction action = {.sa_handler = SIG_DFL};
    sigaction(number, &action, NULL);
    sigset_t one;
    sigemptyset(&one);
    sigaddset(&one, number);
    raise(number);
    pthread_sigmask(SIG_UNBLOCK, &one, NULL);
    // Reached in the init process of a container, or if the default action does not end a process.
    _exit(128 + number);
}

static void on_signal(int number);

static bool has_expired(int number) {
    struct itimerspec now;
    return timer_gettime(timers[number], &now) != 0 || (now.it_value.tv_sec == 0 && now.it_value.tv_nsec == 0);
}

// Arms the timer after a second signal arrived before a loop took the first one: it ends the process if the loop takes
// nothing meanwhile.
static void arm_timer(int number) {
    struct itimerspec patience = {.it_value = {.tv_nsec = PATIENCE_NANOSECONDS}};
    if (!atomic_load(&has_timer[number])) end_process(number);
    if (atomic_load(&is_armed[number])) return;
    if (timer_settime(timers[number], 0, &patience, NULL) != 0) end_process(number);
    // Only after the timer is set: one that is marked as armed and not running has expired.
    atomic_store(&is_armed[number], true);
}

// Calls a function with each subscriber of a signal. Returns whether there is one.
static bool for_each_subscriber(
    uint64_t bit, void (*body)(struct subscriber *, int wake_fd, uint64_t bit, bool *found), bool *found) {
    bool has_subscriber = false;
    atomic_fetch_add(&running_handlers, 1);
    for (int i = 0; i < BLOCKS; i++) {
        struct block *block = atomic_load_explicit(&blocks[i], memory_order_acquire);
        if (block == NULL) break;
        for (int j = 0; j < BLOCK_SIZE; j++) {
            struct subscriber *subscriber = &block->subscribers[j];
            if (!(atomic_load(&subscriber->mask) & bit)) continue;
            int wake_fd = atomic_load(&subscriber->wake_fd);
            if (wake_fd < 0) continue;
            has_subscriber = true;
            body(subscriber, wake_fd, bit, found);
        }
    }
    atomic_fetch_sub(&running_handlers, 1);
    return has_subscriber;
}

// Delivers a signal to a subscriber. Sets `found` if its loop has not taken an earlier one.
static void deliver(struct subscriber *subscriber, int wake_fd, uint64_t bit, bool *found) {
    uint64_t ends = atomic_load(&subscriber->ends);
    uint64_t pending = atomic_fetch_or(&subscriber->pending, bit);
    if ((ends & bit) && (pending & ends)) {
        atomic_store(&subscriber->overdue, true);
        *found = true;
    }
    er_eventfd_wake(wake_fd);
}

// Sets `found` if the subscriber's loop has taken nothing since it became overdue.
static void find_overdue(struct subscriber *subscriber, int wake_fd, uint64_t bit, bool *found) {
    (void)wake_fd;
    (void)bit;
    if (atomic_load(&subscriber->overdue)) *found = true;
}

static void on_signal(int number) {
    int saved = errno;
    uint64_t bit = (uint64_t)1 << (number - 1);
    bool found = false;
    if (atomic_load(&is_armed[number]) && has_expired(number)) {
        // The signal is from the timer.
        atomic_store(&is_armed[number], false);
        for_each_subscriber(bit, find_overdue, &found);
        if (found) end_process(number);
    } else if (for_each_subscriber(bit, deliver, &found)) {
        if (found) arm_timer(number);
    } else {
        // The last run has ended, and code that had replaced this handler in the meantime has restored it.
        struct sigaction now;
        if (sigaction(number, NULL, &now) == 0 && er_is_handler(&now, on_signal)) {
            sigaction(number, &before[number], NULL);
            raise(number);
        }
    }
    errno = saved;
}

// MARK: Forks

// No reactor runs in the child: dispositions are restored, and subscribers, whose eventfds it shares with its parent,
// are never used again.
static void reset(void) {
    atomic_store(&running_handlers, 0);
    for (int i = 0; i < BLOCKS; i++) {
        struct block *block = atomic_load(&blocks[i]);
        if (block == NULL) break;
        for (int j = 0; j < BLOCK_SIZE; j++) {
            struct subscriber *subscriber = &block->subscribers[j];
            atomic_store(&subscriber->mask, 0);
            atomic_store(&subscriber->pending, 0);
            if (atomic_load(&subscriber->wake_fd) != FREE) atomic_store(&subscriber->wake_fd, LOST);
        }
    }
    for (int number = 1; number <= SIGNALS; number++) {
        // Timers are not inherited.
        atomic_store(&has_timer[number], false);
        atomic_store(&is_armed[number], false);
        if (users[number] > 0) er_restore_disposition(number, &before[number], on_signal);
        users[number] = 0;
    }
}

ER_LOCK_ACROSS_FORKS(lock, reset)

// MARK: Subscribing

int er_signals_subscribe(int wake_fd) {
    int found = -1;
    pthread_mutex_lock(&lock);
    for (int i = 0; i < BLOCKS && found < 0; i++) {
        struct block *block = atomic_load(&blocks[i]);
        if (block == NULL) {
            block = calloc(1, sizeof *block);
            if (block == NULL) break;
            for (int j = 0; j < BLOCK_SIZE; j++) atomic_init(&block->subscribers[j].wake_fd, FREE);
            atomic_store_explicit(&blocks[i], block, memory_order_release);
        }
        for (int j = 0; j < BLOCK_SIZE && found < 0; j++) {
            struct subscriber *subscriber = &block->subscribers[j];
            if (atomic_load(&subscriber->wake_fd) != FREE) continue;
            atomic_store(&subscriber->mask, 0);
            atomic_store(&subscriber->ends, 0);
            atomic_store(&subscriber->pending, 0);
            atomic_store(&subscriber->overdue, false);
            atomic_store(&subscriber->wake_fd, wake_fd);
            found = i * BLOCK_SIZE + j;
        }
    }
    pthread_mutex_unlock(&lock);
    return found;
}

// Installs the handler, and stores the disposition from before.
static int install(int number) {
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    sigfillset(&action.sa_mask);
    struct sigaction old;
    if (sigaction(number, &action, &old) != 0) return errno;
    // If it is this handler, left over from an earlier run, the disposition from before that run counts.
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
    struct subscriber *subscriber = subscriber_at(index);
    pthread_mutex_lock(&lock);
    uint64_t bit = (uint64_t)1 << (number - 1);
    if (!(atomic_load(&subscriber->mask) & bit)) {
        // Subscribed before the handler is installed, so that no handled signal is lost.
        if (ends_process) atomic_fetch_or(&subscriber->ends, bit);
        atomic_fetch_or(&subscriber->mask, bit);
        if (users[number] == 0) code = install(number);
        if (code == 0) {
            users[number]++;
        } else {
            atomic_fetch_and(&subscriber->mask, ~bit);
            atomic_fetch_and(&subscriber->ends, ~bit);
        }
    }
    pthread_mutex_unlock(&lock);
    return code;
}

void er_signals_unsubscribe(int index) {
    struct subscriber *subscriber = subscriber_at(index);
    pthread_mutex_lock(&lock);
    uint64_t mask = atomic_exchange(&subscriber->mask, 0);
    for (int number = 1; number <= SIGNALS; number++) {
        if (!(mask >> (number - 1) & 1)) continue;
        if (--users[number] > 0) continue;
        // Disarmed while the handler is still installed. It is not deleted: a handler on another thread may be using
        // it.
        struct itimerspec never = {0};
        if (atomic_exchange(&is_armed[number], false)) timer_settime(timers[number], 0, &never, NULL);
        er_restore_disposition(number, &before[number], on_signal);
    }
    atomic_store(&subscriber->wake_fd, FREE);
    pthread_mutex_unlock(&lock);
    // A handler on another thread may have loaded the descriptor already.
    while (atomic_load(&running_handlers) > 0) sched_yield();
}

uint64_t er_signals_take(int index) {
    struct subscriber *subscriber = subscriber_at(index);
    // Most wake-ups have another cause than signals.
    if (atomic_load(&subscriber->pending) == 0) return 0;
    uint64_t pending = atomic_exchange(&subscriber->pending, 0);
    atomic_store(&subscriber->overdue, false);
    return pending;
}
