#define _GNU_SOURCE
#include "CEventReactorShims.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
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

// Threads share the descriptor table of the thread that started them, and nothing tells a thread which that is. So each
// table has a marker: a file in memory, under the same number in all of them, whose bytes name the table. A thread reads
// it once. Until the first table is left there is one table and no marker.

struct mark {
    uint64_t secret; // of this process: no other file begins so
    int32_t group, own;
};

static const struct mark process_table = {0, 0, 0};
// The program has closed the marker.
static const struct mark unknown_table = {0, -1, -1};

// Guards what follows.
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t secret;
static int32_t last_own;
// The marker's number, or -1 where there is none yet. Set before the first table is left, and so before any thread can be
// in another than the process's.
static atomic_int marker = -1;
// The ends of a pair of sockets by which descriptors come into the process's table, and their inodes.
static int door[2] = {-1, -1};
static ino_t door_inodes[2];

static _Thread_local struct mark here;
static _Thread_local bool is_known;

static bool read_mark(int number, struct mark *mark) {
    return pread(number, mark, sizeof *mark, 0) == sizeof *mark && mark->secret == secret;
}

static const struct mark *table(void) {
    if (is_known) return &here;
    int number = atomic_load(&marker);
    if (number < 0) {
        here = process_table;
    } else if (!read_mark(number, &here)) {
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

// A marker, or -1 with errno set.
static int make_marker(int32_t group, int32_t own) {
    struct mark mark = {secret, group, own};
    int number = memfd_create("descriptor-table", MFD_CLOEXEC);
    if (number < 0) return -1;
    if (pwrite(number, &mark, sizeof mark, 0) == sizeof mark) return number;
    int code = errno;
    close(number);
    errno = code;
    return -1;
}

static bool is_door(int end) {
    struct stat status;
    return door[end] >= 0 && fstat(door[end], &status) == 0 && status.st_ino == door_inodes[end];
}

static int make_door(void) {
    if (is_door(0) && is_door(1)) return 0;
    if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, door) != 0) {
        door[0] = door[1] = -1;
        return errno;
    }
    for (int end = 0; end < 2; end++) {
        struct stat status;
        if (fstat(door[end], &status) != 0) return errno;
        door_inodes[end] = status.st_ino;
    }
    return 0;
}

// Marks the process's table, unless it is; on a thread that has it. 0, or an errno.
static int mark_process_table(void) {
    if (secret == 0) {
        struct timespec now;
        clock_gettime(CLOCK_REALTIME, &now);
        secret = (uint64_t)now.tv_sec << 32 ^ (uint64_t)now.tv_nsec << 8 ^ (uint64_t)getpid() ^ (uintptr_t)&secret;
        if (secret == 0) secret = 1;
    }
    struct mark mark;
    int number = atomic_load(&marker);
    if (number < 0 || !read_mark(number, &mark)) {
        number = make_marker(0, 0);
        if (number < 0) return errno;
        atomic_store(&marker, number);
    }
    return make_door();
}

static int leave(void) {
    if (unshare(CLONE_FILES) == 0) return 0;
    int code = errno;
#ifdef SYS_close_range
    // Containers forbid unshare as a rule, and allow this: a table of one's own, and nothing closed in it.
    const unsigned unshares = 2; // CLOSE_RANGE_UNSHARE
    if (syscall(SYS_close_range, ~0u, ~0u, unshares) == 0) return 0;
#endif
    return code;
}

// The signals that were blocked before the thread had a table of its own.
static _Thread_local sigset_t blocked_before;

static void prepare_to_fork(void) {
    pthread_mutex_lock(&lock);
}

static void continue_after_fork(void) {
    pthread_mutex_unlock(&lock);
}

// The child of a fork has one thread and one table, which is the process's.
static void begin_in_child(void) {
    if (table()->own > 0) pthread_sigmask(SIG_SETMASK, &blocked_before, NULL);
    for (int end = 0; end < 2; end++) {
        if (is_door(end)) close(door[end]);
        door[end] = -1;
    }
    struct mark mark;
    int number = atomic_exchange(&marker, -1);
    if (number >= 0 && read_mark(number, &mark)) close(number);
    here = process_table;
    secret = 0;
    pthread_mutex_unlock(&lock);
}

__attribute__((constructor)) static void see_to_forks(void) {
    pthread_atfork(prepare_to_fork, continue_after_fork, begin_in_child);
}

int er_thread_leave_table(int32_t group) {
    if (table()->own != 0) return EINVAL;
    // Handlers write to descriptors, whose numbers may mean others here: they run on other threads.
    sigset_t blocked;
    sigfillset(&blocked);
    // What a fault of the thread itself raises stays deadly, and is not lost. A program that is started here inherits the
    // mask, and is to end by SIGPIPE.
    int deadly[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS, SIGPIPE};
    for (unsigned i = 0; i < sizeof deadly / sizeof deadly[0]; i++) sigdelset(&blocked, deadly[i]);
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
    int number = make_marker(group, own);
    if (number < 0) return errno;
    // Only this table's: the others keep theirs under the number.
    if (dup3(number, atomic_load(&marker), O_CLOEXEC) < 0) code = errno;
    close(number);
    if (code == 0) here = (struct mark){secret, group, own};
    return code;
}

int er_table_send(int descriptor, uint64_t number) {
    pthread_mutex_lock(&lock);
    int code = 0;
    // The program may have closed it, and the number may mean another file.
    if (!is_door(0)) {
        code = EBADF;
    } else if (er_send_descriptors(door[0], &number, sizeof number, &descriptor, 1) != sizeof number) {
        code = errno;
    }
    pthread_mutex_unlock(&lock);
    return code;
}

int er_table_receive(uint64_t number) {
    int found = -1;
    pthread_mutex_lock(&lock);
    int code = is_door(1) ? 0 : EBADF;
    while (code == 0 && found < 0) {
        uint64_t came = 0;
        int descriptors[ER_DESCRIPTORS_PER_MESSAGE], count = 0, cut = 0;
        if (er_receive_descriptors(door[1], &came, sizeof came, descriptors, &count, &cut) < 0) {
            code = errno;
        } else if (came == number && count == 1) {
            found = descriptors[0];
        } else {
            // Of a request that failed, or there was no number left for it here.
            for (int i = 0; i < count; i++) close(descriptors[i]);
            if (came == number) code = EMFILE;
        }
    }
    pthread_mutex_unlock(&lock);
    if (found < 0) errno = code;
    return found;
}
