// Load for echo servers: N connections over T threads, each with one message under way at a time, every echoed byte
// checked. `echoload --port P` prints a line for people, `--json` one for programs.
//
// --work says what the connections do: echo, send, receive, churn or storm (worker.h has what each is); --lines N puts a
// newline at every N bytes; --rate R sends on a schedule, R messages a second, whether or not the answers keep up, and
// counts latency from the time a message was to be sent. --request and --response name files: every message is the
// one, and every answer has to be the other.
//
// With --hold it stands still between measurements, so that others can take readings with nothing under way, or measure
// several servers turn by turn: it says "ready" after warming up, measures and reports for each line that it gets, and
// ends with its input.

#include "worker.h"

#include <dirent.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

// How long a resumed load runs before it is measured, in seconds: for all connections to be busy again, and for new ones
// to have grown their windows.
static double ramp(const load *l) {
    return l->activity == &receive_activity ? 0.1 : 0.03;
}

typedef struct {
    unsigned connections, threads;
    double seconds, warmup;
    int server_pid;
    bool hold, json;
} options;

typedef struct {
    struct timespec time;
    unsigned long long messages;
    double user, system;             // seconds, by the kernel's clock tick
    unsigned long long ran;          // nanoseconds on a processor, exact; of all threads
    unsigned long long waited;       // nanoseconds ready to run, with the processor given to others
    unsigned long long load_waited;  // the same of this program's own threads, all together
} reading;

static void usage(void) {
    fputs("usage: echoload --port N [--size BYTES] [--connections N] [--threads N] [--seconds S] [--warmup S]\n"
          "                [--work echo|send|receive|churn|storm] [--lines BYTES] [--rate PER_SECOND]\n"
          "                [--request FILE --response FILE]\n"
          "                [--server-pid PID] [--spin] [--hold] [--json]\n", stderr);
    exit(2);
}

static const activity *activity_named(const char *name) {
    static const activity *const all[] = {
        &echo_activity, &send_activity, &receive_activity, &churn_activity, &storm_activity};
    for (unsigned i = 0; i < sizeof all / sizeof *all; i++)
        if (strcmp(all[i]->name, name) == 0) return all[i];
    usage();
    return NULL;
}

static char *read_file(const char *path, size_t *size) {
    FILE *file = fopen(path, "re");
    if (file == NULL || fseek(file, 0, SEEK_END) != 0) fail(path);
    *size = (size_t)ftell(file);
    char *bytes = malloc(*size + 1);
    rewind(file);
    if (*size == 0 || bytes == NULL || fread(bytes, 1, *size, file) != *size) fail(path);
    fclose(file);
    return bytes;
}

static options parse(int argc, char **argv, load *l) {
    options o = {.connections = 64, .threads = 1, .seconds = 3, .warmup = 0.5};
    l->message_size = 64;
    l->activity = &echo_activity;
    static const struct option names[] = {
        {"port", required_argument, NULL, 'p'},        {"size", required_argument, NULL, 's'},
        {"connections", required_argument, NULL, 'c'}, {"threads", required_argument, NULL, 't'},
        {"seconds", required_argument, NULL, 'd'},     {"warmup", required_argument, NULL, 'w'},
        {"server-pid", required_argument, NULL, 'i'},  {"spin", no_argument, NULL, 'S'},
        {"hold", no_argument, NULL, 'H'},              {"json", no_argument, NULL, 'j'},
        {"work", required_argument, NULL, 'k'},        {"lines", required_argument, NULL, 'l'},
        {"rate", required_argument, NULL, 'r'},        {"request", required_argument, NULL, 'q'},
        {"response", required_argument, NULL, 'a'},    {NULL, 0, NULL, 0},
    };
    int option;
    while ((option = getopt_long(argc, argv, "", names, NULL)) != -1) {
        switch (option) {
        case 'p': l->port = (uint16_t)atoi(optarg); break;
        case 's': l->message_size = strtoul(optarg, NULL, 10); break;
        case 'c': o.connections = (unsigned)atoi(optarg); break;
        case 't': o.threads = (unsigned)atoi(optarg); break;
        case 'd': o.seconds = atof(optarg); break;
        case 'w': o.warmup = atof(optarg); break;
        case 'i': o.server_pid = atoi(optarg); break;
        case 'S': l->spin = true; break;
        case 'H': o.hold = true; break;
        case 'j': o.json = true; break;
        case 'k': l->activity = activity_named(optarg); break;
        case 'l': l->line_size = strtoul(optarg, NULL, 10); break;
        case 'r': l->rate = atof(optarg); break;
        case 'q': l->request = read_file(optarg, &l->message_size); break;
        case 'a': l->response = read_file(optarg, &l->answer_size); break;
        default: usage();
        }
    }
    if (l->port == 0 || l->message_size == 0 || o.connections == 0 || o.threads == 0 || optind < argc) usage();
    if ((l->request == NULL) != (l->response == NULL)) usage();
    if (l->response == NULL) l->answer_size = l->message_size;
    if (l->line_size != 0 && (l->message_size % l->line_size != 0 || pattern_shifts % l->line_size != 0)) usage();
    if (l->rate > 0 && l->activity != &echo_activity) usage();
    if (o.threads > o.connections) o.threads = o.connections;
    l->rate /= o.threads;
    return o;
}

static char *make_pattern(size_t count, size_t line_size) {
    char *bytes = malloc(count);
    if (bytes == NULL) fail("malloc");
    uint32_t state = 2463534242u;
    for (size_t i = 0; i < count; i++) {
        state ^= state << 13, state ^= state >> 17, state ^= state << 5;
        bytes[i] = (char)state;
        if (line_size != 0) bytes[i] = (i + 1) % line_size == 0 ? '\n' : (char)('A' + (state >> 8) % 26);
    }
    return bytes;
}

// Nanoseconds on a processor, and ready to run without one.
static bool read_schedstat(const char *path, unsigned long long *ran, unsigned long long *waited) {
    FILE *file = fopen(path, "re");
    if (file == NULL) return false;
    bool complete = fscanf(file, "%llu %llu", ran, waited) == 2;
    fclose(file);
    return complete;
}

static void read_server(int pid, reading *r) {
    if (pid == 0) return;
    char path[64], line[1024];
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    FILE *file = fopen(path, "re");
    if (file == NULL || fgets(line, sizeof line, file) == NULL) fail(path);
    fclose(file);
    unsigned long user, system;
    // The name in parentheses may hold anything; utime and stime are the 12th and 13th field after it.
    const char *rest = strrchr(line, ')');
    if (rest == NULL || sscanf(rest + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system) != 2)
        fail(path);
    r->user = (double)user / (double)sysconf(_SC_CLK_TCK);
    r->system = (double)system / (double)sysconf(_SC_CLK_TCK);

    // A process's own file tells of its first thread alone.
    snprintf(path, sizeof path, "/proc/%d/task", pid);
    DIR *threads = opendir(path);
    if (threads == NULL) fail(path);
    for (struct dirent *entry; (entry = readdir(threads)) != NULL;) {
        if (entry->d_name[0] == '.') continue;
        snprintf(path, sizeof path, "/proc/%d/task/%.16s/schedstat", pid, entry->d_name);
        unsigned long long ran, waited;
        if (!read_schedstat(path, &ran, &waited)) continue;  // that thread has ended meanwhile
        r->ran += ran;
        r->waited += waited;
    }
    closedir(threads);
}

static unsigned long long total_messages(worker *workers, const options *o) {
    unsigned long long total = 0;
    for (unsigned i = 0; i < o->threads; i++) total += atomic_load_explicit(&workers[i].messages, memory_order_acquire);
    return total;
}

static reading take_reading(worker *workers, const options *o) {
    reading r = {0};
    read_server(o->server_pid, &r);
    for (unsigned i = 0; i < o->threads; i++) {
        char path[64];
        unsigned long long ran, waited;
        snprintf(path, sizeof path, "/proc/self/task/%d/schedstat", atomic_load(&workers[i].thread_id));
        if (!read_schedstat(path, &ran, &waited)) fail(path);
        r.load_waited += waited;
    }
    clock_gettime(CLOCK_MONOTONIC, &r.time);
    r.messages = total_messages(workers, o);
    return r;
}

static void pause_for(double seconds) {
    struct timespec t = {.tv_sec = (time_t)seconds, .tv_nsec = (long)((seconds - (double)(time_t)seconds) * 1e9)};
    while (nanosleep(&t, &t) < 0 && errno == EINTR) {}
}

static void run_load(load *l, worker *workers, const options *o) {
    atomic_store(&l->running, true);
    for (unsigned i = 0; i < o->threads; i++) worker_wake(&workers[i]);
}

// Lets every message under way come back, and starts no other.
static void settle_load(load *l, worker *workers, const options *o) {
    atomic_store(&l->running, false);
    for (int milliseconds = 0; milliseconds < 30000; milliseconds++) {
        unsigned idle = 0;
        for (unsigned i = 0; i < o->threads; i++) idle += atomic_load(&workers[i].idle);
        if (idle == o->connections) return;
        pause_for(0.001);
    }
    errno = 0;
    fail("a message has not come back within half a minute");
}

static bool line_arrived(void) {
    char line[16];
    return fgets(line, sizeof line, stdin) != NULL;
}

static void report(const options *o, const load *l, worker *workers, const reading *from, const reading *to) {
    static histogram latencies;
    memset(&latencies, 0, sizeof latencies);
    for (unsigned i = 0; i < o->threads; i++) histogram_merge(&latencies, &workers[i].latencies);
    double wall = (double)(to->time.tv_sec - from->time.tv_sec) + (double)(to->time.tv_nsec - from->time.tv_nsec) / 1e9;
    unsigned long long messages = to->messages - from->messages;
    double rate = (double)messages / wall;
    double p50 = (double)histogram_quantile(&latencies, 0.50) / 1e3;
    double p99 = (double)histogram_quantile(&latencies, 0.99) / 1e3;
    double p999 = (double)histogram_quantile(&latencies, 0.999) / 1e3;
    double ran = (double)(to->ran - from->ran) / 1e9, waited = (double)(to->waited - from->waited) / 1e9;
    if (o->json) {
        printf("{\"messages\": %llu, \"total_messages\": %llu, \"seconds\": %.6f, \"messages_per_second\": %.1f, "
               "\"bytes_per_second\": %.0f, \"p50_us\": %.2f, \"p99_us\": %.2f, \"p999_us\": %.2f, "
               "\"server_user\": %.2f, \"server_system\": %.2f, \"server_ran\": %.6f, "
               "\"server_waited\": %.6f, \"load_waited\": %.6f}\n",
               messages, total_messages(workers, o), wall, rate, rate * (double)l->message_size, p50, p99, p999,
               to->user - from->user, to->system - from->system, ran, waited,
               (double)(to->load_waited - from->load_waited) / 1e9);
    } else {
        printf("%.0f messages/s  %.1f MB/s  p50 %.0f us  p99 %.0f us  p99.9 %.0f us", rate,
               rate * (double)l->message_size / 1e6, p50, p99, p999);
        if (o->server_pid != 0) printf("  server busy %.1f %%", ran / wall * 100);
        printf("\n");
    }
    fflush(stdout);
}

static void reset_connections(worker *workers, const options *o) {
    for (unsigned i = 0; i < o->threads; i++) worker_reset_connections(&workers[i]);
}

// Every connection once. The readings are taken before the first and after the last.
static void measure_storm(load *l, worker *workers, const options *o) {
    atomic_store(&l->recording, true);
    reading from = take_reading(workers, o);
    run_load(l, workers, o);
    while (total_messages(workers, o) < from.messages + o->connections) pause_for(0.0002);
    reading to = take_reading(workers, o);
    atomic_store(&l->recording, false);
    settle_load(l, workers, o);
    report(o, l, workers, &from, &to);
    reset_connections(workers, o);
}

// Starts from and ends with nothing under way. The readings are taken while all connections are busy.
static void measure(load *l, worker *workers, const options *o, double warmup) {
    for (unsigned i = 0; i < o->threads; i++) memset(&workers[i].latencies, 0, sizeof workers[i].latencies);
    if (l->activity == &storm_activity) return measure_storm(l, workers, o);
    run_load(l, workers, o);
    pause_for(warmup);
    atomic_store(&l->recording, true);
    reading from = take_reading(workers, o);
    pause_for(o->seconds);
    reading to = take_reading(workers, o);
    atomic_store(&l->recording, false);
    settle_load(l, workers, o);
    report(o, l, workers, &from, &to);
}

int main(int argc, char **argv) {
    load l = {0};
    options o = parse(argc, argv, &l);
    l.pattern = make_pattern(l.message_size + pattern_shifts, l.line_size);

    worker *workers = aligned_alloc(_Alignof(worker), o.threads * sizeof *workers);
    if (workers == NULL) fail("malloc");
    memset(workers, 0, o.threads * sizeof *workers);
    for (unsigned i = 0; i < o.threads; i++) {
        worker *w = &workers[i];
        w->load = &l;
        w->connection_count = o.connections / o.threads + (i < o.connections % o.threads);
        w->first_identifier = i;
        w->identifier_stride = o.threads;
        worker_start(w);
    }
    for (unsigned i = 0; i < o.threads; i++)
        while (atomic_load(&workers[i].thread_id) == 0) pause_for(0.0001);

    if (o.hold) {
        run_load(&l, workers, &o);
        pause_for(o.warmup);
        settle_load(&l, workers, &o);
        if (l.activity == &storm_activity) reset_connections(workers, &o);
        printf("ready %llu\n", total_messages(workers, &o));
        fflush(stdout);
        while (line_arrived()) measure(&l, workers, &o, ramp(&l));
    } else {
        measure(&l, workers, &o, o.warmup);
    }

    atomic_store(&l.stopping, true);
    for (unsigned i = 0; i < o.threads; i++) {
        worker_wake(&workers[i]);
        worker_join(&workers[i]);
    }
    // Many thousand closed in the usual way would stay with the kernel for a minute.
    reset_connections(workers, &o);
    return 0;
}
