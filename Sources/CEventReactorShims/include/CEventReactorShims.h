// System calls and constants that Swift cannot import from the system's headers, and code that has to be C: GNU
// extensions, macros, and signal handlers, in which no Swift code may run.
//
// Unless said otherwise a function returns 0 or a result of at least 0 on success, and -1 with errno set on failure,
// and every new descriptor is close-on-exec.
#pragma once

// Only this: a libc header first seen here rather than in Swift's Glibc module would belong to this module.
#include <stdint.h>

// MARK: Descriptors

// Each returns a new descriptor, non-blocking.
int er_socket(int domain, int type);
int er_accept(int listener);
// As er_accept, and writes the peer's address into a sockaddr_storage, and its length.
int er_accept_from(int listener, void *address, uint32_t *length);
int er_eventfd(void);
int er_timerfd(void);
// Opens /dev/null, to keep a descriptor in reserve.
int er_open_reserve(void);

// Adds one to an eventfd, which makes it readable. It cannot fail.
void er_eventfd_wake(int fd);
// Arms a timerfd for an absolute time on the monotonic clock, in nanoseconds.
int er_timerfd_arm(int fd, int64_t nanoseconds);
// Nanoseconds on the monotonic clock.
int64_t er_monotonic_now(void);

// The number of bytes sent that the peer's kernel has not acknowledged (SIOCOUTQ).
int er_unacknowledged(int fd);
// The number of bytes received that were not read (FIONREAD).
int er_unread(int fd);

// MARK: Listening sockets

// Makes the kernel drop new connection attempts to a TCP socket; those that it has answered already still complete.
int er_refuse_attempts(int listener);
// The number of connections in the backlog of a TCP socket.
int er_backlog_count(int listener);

// MARK: Files of UNIX sockets

// Opens, with O_PATH, the file that a socket is bound to, whatever file its path names by now; needs CAP_NET_ADMIN.
int er_open_file_of_socket(int socket);
// Opens, with O_PATH, the file at a path; a symbolic link is not followed.
int er_open_path(const char *path);
// Sets the mode of a file opened with O_PATH.
int er_change_mode(int fd, uint32_t mode);
// Opens a lock file, and creates it if it does not exist; a symbolic link is not followed.
int er_open_lock(const char *path);

// MARK: Sending files, relaying. A negative result is a negated errno.

// Sends part of a file. Returns the number of bytes that the socket accepted, 0 at the end of the file.
int64_t er_sendfile(int socket, int file, int64_t offset, int64_t count);
// Reads what is in the page cache and waits for no disk. Returns the number of bytes, which may be less than what is in
// the file; -EAGAIN if none is in memory, -EOPNOTSUPP if the file system cannot say. 0 may be returned before the end.
int64_t er_pread_cached(int file, void *buffer, uint64_t count, int64_t offset);
// Creates a non-blocking pipe, read end first. Returns its capacity in bytes, which may be less than `size`.
int er_pipe(int size, int ends[2]);
// Moves bytes between a pipe and a socket. Returns their number, 0 at the end of the stream.
int64_t er_splice(int from, int to, int64_t count);

// MARK: Descriptors in messages of UNIX sockets

// The maximum number of descriptors in one message (SCM_MAX_FD).
#define ER_DESCRIPTORS_PER_MESSAGE 253

// Sends bytes, and descriptors with the first of them, without blocking. Returns the number of bytes accepted.
int64_t er_send_descriptors(int socket, const void *bytes, uint64_t count, const int *fds, int fd_count);
// Receives bytes, and the descriptors sent with them, without blocking. Returns the number of bytes. `fds` has room for
// ER_DESCRIPTORS_PER_MESSAGE; `truncated` is set if some descriptors could not be delivered.
int64_t er_receive_descriptors(int socket, void *bytes, uint64_t capacity, int *fds, int *fd_count, int *truncated);
// The user of the peer's process at the time when it connected or began to listen.
int er_peer_user(int socket, uint32_t *user);

// MARK: Signals

// A subscriber is an entry of a table that grows; the handler marks a signal there and wakes the subscriber's eventfd.
// While a signal has a subscriber, its disposition is the handler. When the last one is removed, the disposition from
// before is restored, unless other code has installed a handler of its own meanwhile: that one stays. In the child of a
// fork there are no subscribers, and the former dispositions are restored.

// Adds a subscriber with an eventfd. Returns its index, or -1 if memory is exhausted.
int er_signals_subscribe(int wake_fd);
// Subscribes to a signal. With `ends_process`, if the signal arrives a second time before the first was taken, and the
// loop is stuck and takes none within half a second either, the process ends as by the signal's default action. Returns
// 0 or an errno.
int er_signals_add(int subscriber, int signal_number, int ends_process);
// Removes a subscriber. After it has returned, no handler uses the descriptor.
void er_signals_unsubscribe(int subscriber);
// Returns and clears the signals that arrived since the last call: bit n - 1 for signal n.
uint64_t er_signals_take(int subscriber);

// Ignores SIGPIPE if its action is the default one, until each begin has been followed by an end. Programs started
// meanwhile have the default action. The end is passed the result of the begin.
int er_sigpipe_ignore_begin(void);
void er_sigpipe_ignore_end(int begun);

// MARK: Processes and memory

// Whether this process has forked: a child that has not called exec may share its descriptors then.
int er_has_forked(void);
// Makes the allocator return free pages to the system, if it can.
void er_release_memory(void);

// MARK: Threads. Each function applies to the calling thread.

// The pointer last set for the thread; NULL at first.
void *er_thread_context(void);
void er_thread_set_context(void *context);
// Sets its name, of at most 15 bytes.
void er_thread_name(const char *name);
// Pins it to one processor. Returns 0 or an errno.
int er_thread_pin(int processor);
// Lists the processors that it may run on, up to `capacity`. Returns their number; 0 if it is unknown.
int er_allowed_processors(int32_t *list, int capacity);

// MARK: Descriptor tables

// The group of the thread's descriptor table: 0 is the process's own table, -1 an unknown one. A thread shares the
// table of the thread that started it. A descriptor that is open when the first table of a group is created has the
// same number in all tables of the group until it is closed there.
int32_t er_thread_table(void);
// The id of the thread's descriptor table, which is unique: 0 is the process's own, -1 an unknown one.
int32_t er_thread_own_table(void);
// Gives the thread a descriptor table of its own, a copy of the process's, in a group above 0; its signals are blocked
// from then on. Returns 0 or an errno.
int er_thread_leave_table(int32_t group);
// Sends a descriptor from any table to the process's own, tagged with an id. Returns 0 or an errno.
int er_table_send(int fd, uint64_t id);
// Receives the descriptor with an id in the process's own table. Returns it, or -1 with errno set.
int er_table_receive(uint64_t id);

// MARK: epoll

// An event in the kernel's own layout: the kernel fills an array of them, which is read without a copy.
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
// Each returns 0 or an errno.
int er_epoll_add(int epoll, int fd, uint32_t events, uint64_t data);
int er_epoll_modify(int epoll, int fd, uint32_t events, uint64_t data);
int er_epoll_remove(int epoll, int fd);
// Waits without a limit, or not at all. Returns the number of events; 0 if a signal interrupted the wait.
int er_epoll_wait(int epoll, struct er_epoll_event *events, int capacity, int waits);
