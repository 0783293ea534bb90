// What Swift cannot import from the system's headers, and what has to be C: calls that are GNU's alone, macros, and
// signal handlers, in which no Swift code may run.
#pragma once

// Only this: a libc header first seen here rather than in Swift's Glibc module would belong to this module.
#include <stdint.h>

// Each returns a descriptor, or -1 with errno set; close-on-exec and non-blocking.
int er_socket(int domain, int type);
int er_accept(int listener);
// The same, and fills in the peer's address: a sockaddr_storage and the length of what is in it.
int er_accept_from(int listener, void *address, uint32_t *length);
int er_eventfd(void);
int er_timerfd(void);
int er_open_reserve(void);

// Listening sockets.

// Has the kernel drop attempts to connect to a TCP socket; those that it has answered already still complete. 0, or -1
// with errno set.
int er_refuse_attempts(int listener);
// How many connections wait in the backlog of a TCP socket, or -1 with errno set.
int er_backlog_count(int listener);

// Files of UNIX sockets. Each returns a descriptor that reads and writes nothing (O_PATH), close-on-exec, or -1 with
// errno set.

// The file that a socket is bound to, whatever its name has come to mean; needs CAP_NET_ADMIN.
int er_open_file_of_socket(int socket);
// What is at a path; no symbolic link is followed.
int er_open_path(const char *path);
// Sets the mode of the file that such a descriptor stands for. 0, or -1 with errno set.
int er_change_mode(int descriptor, uint32_t mode);
// Opens a lock file, which is made where there is none; no symbolic link is followed.
int er_open_lock(const char *path);

// Adds one to an eventfd, which wakes whoever watches it.
void er_eventfd_wake(int descriptor);

// Arms a timerfd for an absolute time on the monotonic clock, in nanoseconds.
int er_timerfd_arm(int descriptor, int64_t nanoseconds);

// The bytes that the peer's kernel has not acknowledged yet, or -1 with errno set.
int er_unacknowledged(int descriptor);

// Has the allocator give the pages that are free back to the system, where it can.
void er_release_memory(void);

// The bytes that have arrived at a socket and were not read (FIONREAD), or -1 with errno set.
int er_unread(int descriptor);

// Files and pipes. A count that is negative is an errno.

// Sends part of a file: how many bytes the socket took, 0 at the end of the file.
int64_t er_sendfile(int socket, int file, int64_t offset, int64_t count);
// Makes a pipe, reading end first: how many bytes it holds, which may be fewer than were asked for.
int er_pipe(int size, int ends[2]);
// Moves bytes between a pipe and a socket: how many, 0 at the end of the stream.
int64_t er_splice(int from, int to, int64_t count);
// The most descriptors that one message can carry (SCM_MAX_FD).
#define ER_DESCRIPTORS_PER_MESSAGE 253

// Sends bytes with descriptors, which go with the first of the bytes, without waiting. How many bytes were taken, or -1
// with errno set.
int64_t er_send_descriptors(int socket, const void *bytes, uint64_t count, const int *descriptors, int descriptor_count);
// Receives bytes and what descriptors come with them, close-on-exec, without waiting. How many bytes came, or -1 with
// errno set. `descriptors` has room for a whole message of them. `cut` is set where some could not be delivered.
int64_t er_receive_descriptors(
    int socket, void *bytes, uint64_t capacity, int *descriptors, int *descriptor_count, int *cut);
// The user of the process at the other end of a UNIX socket, as it was when it connected or began to listen. 0, or -1
// with errno set.
int er_peer_user(int socket, uint32_t *user);

// Nanoseconds on the monotonic clock.
int64_t er_monotonic_now(void);

// Signals. A subscriber is a place in a table that grows; the handler marks the signal there and wakes the subscriber's
// eventfd. While a signal has a subscriber its disposition is the handler's; with the last one gone it is what it was
// before, unless other code has installed a handler of its own meanwhile: that one stays. In the child of a fork there
// are no subscribers, and the dispositions are those from before.

// A place for an eventfd, or -1 if there is no memory.
int er_signals_subscribe(int wake_descriptor);
// Has signals delivered to a place. With `ends_process`, a second one that comes before the first was taken ends the
// process as the signal does by default, if nothing is taken within half a second either: the loop is stuck. 0, or an
// errno.
int er_signals_add(int place, int signal_number, int ends_process);
// Gives the place back. When it has returned no handler touches the descriptor any more.
void er_signals_unsubscribe(int place);
// The signals that came since the last call: bit n - 1 stands for signal n.
uint64_t er_signals_take(int place);

// Has SIGPIPE do nothing where it would kill the process, until as many ends as begins have been called. Programs that
// are started meanwhile have its default. The end is given what the begin returned.
int er_sigpipe_ignore_begin(void);
void er_sigpipe_ignore_end(int begun);

// Whether this process has forked: another one may hold its descriptors then, without having run a program.
int er_has_forked(void);

// Threads. What is asked is about the calling thread.

// Whatever was last set for it; NULL at first.
void *er_thread_context(void);
void er_thread_set_context(void *context);

// The group of descriptor tables that its table is one of: 0 is the process's own table, -1 one that cannot be told.
// Threads have the table of the one that started them. What is open as a group's first table is made has the same number
// in all of them until it is closed there.
int32_t er_thread_table(void);
// The number of its descriptor table, of which there are no two: 0 is the process's own, -1 one that cannot be told.
int32_t er_thread_own_table(void);
// Gives it a descriptor table of its own, a copy of the process's, in a group above 0. Signals are blocked from then on.
// 0, or an errno.
int er_thread_leave_table(int32_t group);
// Sends a descriptor from any table to the process's, under a number. 0, or an errno.
int er_table_send(int descriptor, uint64_t number);
// Receives it there: a descriptor, or -1 with errno set.
int er_table_receive(uint64_t number);
// Its name, of 15 bytes at most.
void er_thread_name(const char *name);
// Has it run on one processor alone. 0, or an errno.
int er_thread_pin(int processor);
// The processors that it may run on, as many as there is room for. How many there are; 0 where that cannot be told.
int er_allowed_processors(int32_t *list, int capacity);

// epoll, with the kernel's own layout of an event: an array of them is filled in place and read without a copy.
#if defined(__x86_64__)
struct __attribute__((packed)) er_epoll_event {
#else
struct er_epoll_event {
#endif
    uint32_t events;
    uint64_t data;
};

#define ER_EPOLL_IN 0x001u
#define ER_EPOLL_OUT 0x004u
#define ER_EPOLL_EDGE 0x80000000u

int er_epoll_create(void);
// Each returns 0, or an errno.
int er_epoll_add(int epoll, int descriptor, uint32_t events, uint64_t data);
int er_epoll_modify(int epoll, int descriptor, uint32_t events, uint64_t data);
int er_epoll_remove(int epoll, int descriptor);
// Waits for as long as it takes, or not at all. How many events there are; 0 where a signal cut the wait short.
int er_epoll_wait(int epoll, struct er_epoll_event *events, int capacity, int waits);
