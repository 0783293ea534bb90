#define _GNU_SOURCE
#include "CEventReactorShims.h"
#include "forks.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

// Threads share the descriptor table of the thread that started them, and no system call identifies a table. So each
// table has a marker: a memory file, at the same descriptor in all tables, whose content identifies the table. A thread
// reads it once. Until the first thread leaves the process's table, there is one table and no marker.

struct mark {
    uint64_t secret; // of this process: no other file begins with it
    int32_t group, own;
};

static const struct mark process_table = {0, 0, 0};
// The program has closed the marker.
static const struct mark unknown_table = {0, -1, -1};

// Guards the variables below.
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t secret;
static int32_t last_own;
// The marker's descriptor, or -1 if there is none yet. Set before the first thread leaves the process's table, and so
// before any thread has another table.
static atomic_int marker = -1;
// A socket pair that transfers descriptors into the process's table, and the inodes of its ends.
static int channel[2] = {-1, -1};
static ino_t channel_inodes[2];

static _Thread_local struct mark here;
static _Thread_local bool is_known;

static bool read_mark(int fd, struct mark *mark) {
    return pread(fd, mark, sizeof *mark, 0) == sizeof *mark && mark->secret == secret;
}

static const struct mark *table(void) {
    if (is_known) return &here;
    int fd = atomic_load(&marker);
    if (fd < 0) {
        here = process_table;
    } else if (!read_mark(fd, &here)) {
        here = unknown_table;
    }
    is_known = true;
    return &here;
}

int32_t er_thread_table(void) {
    return table()->group;
}

int32_t er_thread_own_table(void) {
    return table()->own;
}

// Creates a marker. Returns its descriptor, or -1 with errno set.
static int make_marker(int32_t group, int32_t own) {
    struct mark mark = {secret, group, own};
    int fd = memfd_create("descriptor-table", MFD_CLOEXEC);
    if (fd < 0) return -1;
    if (pwrite(fd, &mark, sizeof mark, 0) == sizeof mark) return fd;
    int code = errno;
    close(fd);
    errno = code;
    return -1;
}

static bool is_channel(int end) {
    struct stat status;
    return channel[end] >= 0 && fstat(channel[end], &status) == 0 && status.st_ino == channel_inodes[end];
}

static int make_channel(void) {
    if (is_channel(0) && is_channel(1)) return 0;
    if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, channel) != 0) {
        channel[0] = channel[1] = -1;
        return errno;
    }
    for (int end = 0; end < 2; end++) {
        struct stat status;
        if (fstat(channel[end], &status) != 0) return errno;
        channel_inodes[end] = status.st_ino;
    }
    return 0;
}

// Creates the marker of the process's table, on a thread that has this table, unless it exists. Returns 0 or an errno.
static int mark_process_table(void) {
    if (secret == 0) {
        struct timespec now;
        clock_gettime(CLOCK_REALTIME, &now);
        secret = (uint64_t)now.tv_sec << 32 ^ (uint64_t)now.tv_nsec << 8 ^ (uint64_t)getpid() ^ (uintptr_t)&secret;
        if (secret == 0) secret = 1;
    }
    struct mark mark;
    int fd = atomic_load(&marker);
    if (fd < 0 || !read_mark(fd, &mark)) {
        fd = make_marker(0, 0);
        if (fd < 0) return errno;
        atomic_store(&marker, fd);
    }
    return make_channel();
}

static int leave(void) {
    if (unshare(CLONE_FILES) == 0) return 0;
    int code = errno;
#ifdef SYS_close_range
    // Most containers forbid unshare and allow this call, which unshares the table and closes no descriptor.
    const unsigned unshares = 2; // CLOSE_RANGE_UNSHARE
    if (syscall(SYS_close_range, ~0u, ~0u, unshares) == 0) return 0;
#endif
    return code;
}

// The signal mask from before the thread had a table of its own.
static _Thread_local sigset_t blocked_before;

// The child of a fork has one thread and one table, which is the process's.
static void reset(void) {
    if (table()->own > 0) pthread_sigmask(SIG_SETMASK, &blocked_before, NULL);
    for (int end = 0; end < 2; end++) {
        if (is_channel(end)) close(channel[end]);
        channel[end] = -1;
    }
    struct mark mark;
    int fd = atomic_exchange(&marker, -1);
    if (fd >= 0 && read_mark(fd, &mark)) close(fd);
    here = process_table;
    secret = 0;
}

ER_LOCK_ACROSS_FORKS(lock, reset)

int er_thread_leave_table(int32_t group) {
    if (table()->own != 0) return EINVAL;
    // Handlers write to descriptors that may be other files in this table: they run on other threads instead.
    sigset_t blocked;
    sigfillset(&blocked);
    // Signals that a fault of the thread itself raises are not blocked. Neither is SIGPIPE: a program started on this
    // thread inherits the mask, and shall end by SIGPIPE.
    int unblocked[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS, SIGPIPE};
    for (unsigned i = 0; i < sizeof unblocked / sizeof unblocked[0]; i++) sigdelset(&blocked, unblocked[i]);
    sigset_t old;
    int code = pthread_sigmask(SIG_BLOCK, &blocked, &old);
    if (code != 0) return code;
    blocked_before = old;
    pthread_mutex_lock(&lock);
    code = mark_process_table();
    int32_t own = ++last_own;
    if (code == 0) code = leave();
    pthread_mutex_unlock(&lock);
    if (code != 0) return code;
    here = unknown_table;
    int fd = make_marker(group, own);
    if (fd < 0) return errno;
    // This replaces the marker in this table only.
    if (dup3(fd, atomic_load(&marker), O_CLOEXEC) < 0) code = errno;
    close(fd);
    if (code == 0) here = (struct mark){secret, group, own};
    return code;
}

int er_table_send(int fd, uint64_t id) {
    pthread_mutex_lock(&lock);
    int code = 0;
    // The program may have closed it, and the descriptor may be another file.
    if (!is_channel(0)) {
        code = EBADF;
    } else if (er_send_descriptors(channel[0], &id, sizeof id, &fd, 1) != sizeof id) {
        code = errno;
    }
    pthread_mutex_unlock(&lock);
    return code;
}

int er_table_receive(uint64_t id) {
    int found = -1;
    pthread_mutex_lock(&lock);
    int code = is_channel(1) ? 0 : EBADF;
    while (code == 0 && found < 0) {
        uint64_t received = 0;
        int fds[ER_DESCRIPTORS_PER_MESSAGE], count = 0, truncated = 0;
        if (er_receive_descriptors(channel[1], &received, sizeof received, fds, &count, &truncated) < 0) {
            code = errno;
        } else if (received == id && count == 1) {
            found = fds[0];
        } else {
            // The descriptor of a request that failed, or no descriptor was free for it in this table.
            for (int i = 0; i < count; i++) close(fds[i]);
            if (received == id) code = EMFILE;
        }
    }
    pthread_mutex_unlock(&lock);
    if (found < 0) errno = code;
    return found;
}
