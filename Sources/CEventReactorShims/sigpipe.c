#define _GNU_SOURCE
#include "CEventReactorShims.h"
#include "dispositions.h"
#include "forks.h"

#include <signal.h>
#include <stdbool.h>

// Guards the variables below.
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int users;
static bool is_changed;
static struct sigaction before;
// The number of forks between the first process and this one.
static int generation;

// Rather than SIG_IGN, which programs started by this one would inherit; a handler is reset by exec.
static void on_sigpipe(int number) {
    (void)number;
}

// No reactor runs in the child.
static void reset(void) {
    generation++;
    if (users > 0 && is_changed) er_restore_disposition(SIGPIPE, &before, on_sigpipe);
    users = 0;
}

ER_LOCK_ACROSS_FORKS(lock, reset)

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
    // In the child, the fork has already ended runs that began before it.
    if (begun == generation && --users == 0 && is_changed) er_restore_disposition(SIGPIPE, &before, on_sigpipe);
    pthread_mutex_unlock(&lock);
}
