// What a signal does, put back where other code has not changed it meanwhile.
#pragma once

#include <signal.h>
#include <stdbool.h>

static inline bool er_is_handler(const struct sigaction *action, void (*handler)(int)) {
    return !(action->sa_flags & SA_SIGINFO) && action->sa_handler == handler;
}

// A handler that other code has installed in place of this one stays.
static inline void er_restore_disposition(int number, const struct sigaction *before, void (*handler)(int)) {
    struct sigaction now;
    if (sigaction(number, NULL, &now) == 0 && er_is_handler(&now, handler)) sigaction(number, before, NULL);
}
