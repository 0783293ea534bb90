// Figures that the kernel and the workers have counted, and the report of the difference between two readings.

#include "echoload.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

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

unsigned long long total_messages(worker *workers, const options *o) {
    unsigned long long total = 0;
    for (unsigned i = 0; i < o->threads; i++) total += atomic_load_explicit(&workers[i].messages, memory_order_acquire);
    return total;
}

reading take_reading(worker *workers, const options *o) {
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

void report(const options *o, const load *l, worker *workers, const reading *from, const reading *to) {
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
