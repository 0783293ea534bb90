#define _GNU_SOURCE
#include "CEventReactorShims.h"
#include "dispositions.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>

// Guards what follows.
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int users;
static bool is_changed;
static struct sigaction before;
// Counts the forks above this process.
static int generation;

// In place of SIG_IGN: that would be inherited by the programs that this one starts, and a handler is not.
static void on_sigpipe(int number) {
    (void)number;
}

static void prepare_to_fork(void) {
    pthread_mutex_lock(&lock);
}

static void continue_after_fork(void) {
    pthread_mutex_unlock(&lock);
}

// The child has none of the runs.
static void begin_in_child(void) {
    generation++;
    if (users > 0 && is_changed) er_restore_disposition(SIGPIPE, &before, on_sigpipe);
    users = 0;
    pthread_mutex_unlock(&lock);
}

__attribute__((constructor)) static void see_to_forks(void) {
    pthread_atfork(prepare_to_fork, continue_after_fork, begin_in_child);
}

int er_sigpipe_ignore_begin(void) {
    pthread_mutex_lock(&lock);
    if (users++ == 0) {
        is_changed = false;
        if (sigaction(SIGPIPE, NULL, &before) == 0 && er_is_handler(&before, SIG_DFL)) {
            struct sigaction ignore = {.sa_handler = on_sigpipe, .sa_flags = SA_RESTART};
            is_changed = sigaction(SIGPIPE, &ignore, NULL) == 0;
        }
    }
    int own = generation;
    pthread_mutex_unlock(&lock);
    return own;
}

void er_sigpipe_ignore_end(int begun) {
    pthread_mutex_lock(&lock);
    // A run that began before a fork has been ended in the child by the fork.
    if (begun == generation && --users == 0 && is_changed) er_restore_disposition(SIGPIPE, &before, on_sigpipe);
    pthread_mutex_unlock(&lock);
}
