// Locks across fork().
#pragma once

#include <pthread.h>

// Acquires a lock before every fork, so that the data it guards is consistent in the child, and releases it afterwards
// in both processes; in the child `reset` is called first, which removes state that is the parent's alone.
#define ER_LOCK_ACROSS_FORKS(lock, reset)                                   \
    static void lock_before_fork(void) { pthread_mutex_lock(&(lock)); }     \
    static void unlock_in_parent(void) { pthread_mutex_unlock(&(lock)); }   \
    static void unlock_in_child(void) {                                     \
        reset();                                                            \
        pthread_mutex_unlock(&(lock));                                      \
    }                                                                       \
    __attribute__((constructor)) static void register_fork_handlers(void) { \
        pthread_atfork(lock_before_fork, unlock_in_parent, unlock_in_child); \
    }
