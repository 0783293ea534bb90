// Opens and holds very many connections, from many processes and source addresses, each process with a table of
// descriptors of its own; echoes on each in turn; and all the while measures how long some live connections wait for
// their echoes: before, during and after the flood. Reports in JSON, a line for each stage.
//
// With --step it waits for a line of input before each stage, so that others can take readings in between. It connects
// no more when the memory available falls to --memory-floor.

#include "hold.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

typedef struct {
    const options *options;
    shared *shared;
    int *pids;  // of the flooders
    int live_pid;
    outcome result;
} coordinator;

static void pause_for(double seconds) {
    struct timespec t = {.tv_sec = (time_t)seconds, .tv_nsec = (long)((seconds - (double)(time_t)seconds) * 1e9)};
    while (nanosleep(&t, &t) < 0 && errno == EINTR) {}
}

static shared *make_shared(const options *o) {
    size_t size = sizeof(shared) + o->processes * sizeof(flooder_counts);
    shared *s = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (s == MAP_FAILED) fail("mmap");
    pthread_mutexattr_t mutex;
    pthread_condattr_t condition;
    if (pthread_mutexattr_init(&mutex) || pthread_mutexattr_setpshared(&mutex, PTHREAD_PROCESS_SHARED)
        || pthread_mutex_init(&s->lock, &mutex) || pthread_condattr_init(&condition)
        || pthread_condattr_setpshared(&condition, PTHREAD_PROCESS_SHARED)
        || pthread_cond_init(&s->changed, &condition))
        fail("pthread");
    for (unsigned i = 0; i < time_count; i++) atomic_store(&s->starts[i], UINT64_MAX);
    return s;
}

static void start_processes(coordinator *c) {
    int parent = getpid();
    for (unsigned i = 0; i <= c->options->processes; i++) {
        if (i == c->options->processes && c->options->live == 0) return;
        int pid = fork();
        if (pid < 0) fail("fork");
        if (pid == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            if (getppid() != parent) exit(1);
            if (i < c->options->processes) flooder_run(c->options, c->shared, i);
            live_run(c->options, c->shared);
        }
        *(i < c->options->processes ? &c->pids[i] : &c->live_pid) = pid;
    }
}

// A process that ended before its time says why on the standard error itself.
static void check_processes(void) {
    int status;
    if (waitpid(-1, &status, WNOHANG) <= 0) return;
    errno = 0;
    fail("one of its processes has ended");
}

// The kernel's own figure takes the names and inodes of live sockets for memory that it could have back.
static uint64_t available_memory(void) {
    static const char path[] = "/proc/meminfo";
    uint64_t told = proc_bytes(path, "MemAvailable");
    uint64_t free = proc_bytes(path, "MemFree") + proc_bytes(path, "Buffers") + proc_bytes(path, "Cached");
    return told < free ? told : free;
}

static void guard_memory(coordinator *c) {
    uint64_t available = available_memory();
    if (available < c->result.least_available) c->result.least_available = available;
    if (available > c->options->memory_floor || c->result.out_of_memory) return;
    c->result.out_of_memory = true;
    atomic_store(&c->shared->enough, true);
}

static void show_progress(const coordinator *c, const char *what, double seconds) {
    totals sum = total(c->options, c->shared);
    fprintf(stderr, "hold: %6.1f s  %-8s %9u connected  %9u echoed  %6llu MiB available\n", seconds, what,
            sum.connected, sum.echoed, (unsigned long long)(available_memory() >> 20));
}

// Has the flooders do something, and says how many seconds it took.
static double do_stage(coordinator *c, stage next, const char *what) {
    shared *s = c->shared;
    pthread_mutex_lock(&s->lock);
    s->stage = next;
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
    uint64_t start = now(), shown = start;
    for (;;) {
        unsigned done = 0;
        while (done < c->options->processes && atomic_load(&s->flooders[done].done) == (int)next) done++;
        uint64_t time = now();
        if (done == c->options->processes) return (double)(time - start) / 1e9;
        guard_memory(c);
        if (next != stage_end) check_processes();
        if (c->options->progress && time - shown >= 1000000000u) {
            show_progress(c, what, (double)(time - start) / 1e9);
            shown = time;
        }
        pause_for(0.01);
    }
}

static void read_own_memory(coordinator *c) {
    uint64_t sum = 0;
    for (unsigned i = 0; i < c->options->processes; i++) {
        char path[64];
        snprintf(path, sizeof path, "/proc/%d/smaps_rollup", c->pids[i]);
        sum += proc_bytes(path, "Private_Dirty");
    }
    c->result.own_memory = sum;
}

// Says how far it is; with --step, waits to be told to go on.
static void report(coordinator *c, const char *event) {
    c->result.event = event;
    print_report(c->options, c->shared, &c->result, c->pids);
    char line[16];
    if (c->options->step && fgets(line, sizeof line, stdin) == NULL) exit(1);
}

static void begin_time(coordinator *c, live_time time) {
    atomic_store(&c->shared->starts[time], now());
}

static void start_live(coordinator *c) {
    for (double waited = 0; c->options->live > 0 && !atomic_load(&c->shared->live_ready); waited += 0.005) {
        check_processes();
        errno = 0;
        if (waited > c->options->patience) fail("the live connections cannot be made");
        pause_for(0.005);
    }
}

static void stop_live(coordinator *c) {
    if (c->options->live == 0) return;
    atomic_store(&c->shared->live_stop, true);
    while (!atomic_load(&c->shared->live_done)) pause_for(0.001);
    while (waitpid(c->live_pid, NULL, 0) < 0 && errno == EINTR) {}
}

int main(int argc, char **argv) {
    options o = parse_options(argc, argv);
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) < 0) fail("getrlimit");
    files.rlim_cur = files.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &files) < 0) fail("setrlimit");

    coordinator c = {.options = &o, .shared = make_shared(&o), .pids = calloc(o.processes, sizeof *c.pids)};
    if (c.pids == NULL) fail("calloc");
    c.result.least_available = UINT64_MAX;
    start_processes(&c);
    start_live(&c);
    pause_for(0.2);  // the first messages warm the server up
    report(&c, "ready");
    begin_time(&c, time_before);
    if (o.live > 0) pause_for(o.before);

    begin_time(&c, time_during);
    c.result.connect_seconds = do_stage(&c, stage_connect, "connect");
    read_own_memory(&c);
    report(&c, "connected");
    begin_time(&c, time_after);
    if (o.live > 0) pause_for(o.after);

    stop_live(&c);
    c.result.echo_seconds = do_stage(&c, stage_echo, "echo");
    report(&c, "echoed");
    c.result.close_seconds = do_stage(&c, stage_close, "close");
    report(&c, "closed");
    do_stage(&c, stage_end, "end");
    for (unsigned i = 0; i < o.processes; i++) while (waitpid(c.pids[i], NULL, 0) < 0 && errno == EINTR) {}
    return 0;
}
