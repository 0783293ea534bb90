// Restoring the dispositions of signals.
#pragma once

#include <signal.h>
#include <stdbool.h>

static inline bool er_is_handler(const struct sigaction *action, void (*handler)(int)) {
    return !(action->sa_flags & SA_SIGINFO) && action->sa_handler == handler;
}

// Restores the disposition from before `handler`, unless other code has replaced it meanwhile.
static inline void er_restore_disposition(int number, const struct sigaction *before, void (*handler)(int)) {
    struct sigaction now;
    if (sigaction(number, NULL, &now) == 0 && er_is_handler(&now, handler)) sigaction(number, before, NULL);
}
