#include "hold.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

totals total(const options *o, const shared *s) {
    totals sum = {0};
    for (unsigned i = 0; i < o->processes; i++) {
        const flooder_counts *f = &s->flooders[i];
        sum.connected += atomic_load_explicit(&f->connected, memory_order_relaxed);
        sum.held += atomic_load_explicit(&f->held, memory_order_relaxed);
        sum.retried += atomic_load_explicit(&f->retried, memory_order_relaxed);
        sum.echoed += atomic_load_explicit(&f->echoed, memory_order_relaxed);
        sum.lost += atomic_load_explicit(&f->lost, memory_order_relaxed);
        sum.wrong += atomic_load_explicit(&f->wrong, memory_order_relaxed);
        for (unsigned code = 0; code < errno_count; code++)
            sum.failures[code] += atomic_load_explicit(&f->failures[code], memory_order_relaxed);
    }
    return sum;
}

static void print_latencies(const char *name, const histogram *h) {
    unsigned long long samples = 0;
    for (unsigned i = 0; i < histogram_buckets; i++) samples += h->counts[i];
    printf("\"%s\": {\"messages\": %llu, \"p50_us\": %.1f, \"p99_us\": %.1f, \"p999_us\": %.1f, \"max_us\": %.1f}", name,
           samples, (double)histogram_quantile(h, 0.50) / 1e3, (double)histogram_quantile(h, 0.99) / 1e3,
           (double)histogram_quantile(h, 0.999) / 1e3, (double)histogram_quantile(h, 1) / 1e3);
}

static void print_times(const char *name, const histogram *histograms) {
    static const char *const times[time_count] = {"before", "during", "after"};
    printf("\"%s\": {", name);
    for (unsigned i = 0; i < time_count; i++) {
        if (i > 0) printf(", ");
        print_latencies(times[i], &histograms[i]);
    }
    printf("}, ");
}

static const char *stopped_by(const options *o, const totals *sum, const outcome *result) {
    if (result->out_of_memory) return "memory";
    if (sum->connected >= o->connections) return "";
    unsigned most = 0;
    for (unsigned code = 1; code < errno_count; code++)
        if (sum->failures[code] > sum->failures[most]) most = code;
    return sum->failures[most] > 0 ? strerrorname_np((int)most) : "";
}

void print_report(const options *o, const shared *s, const outcome *result, const int *pids) {
    totals sum = total(o, s);
    printf("{\"event\": \"%s\", \"asked\": %u, \"connected\": %u, \"held\": %u, \"retried\": %u, \"echoed\": %u, \"rounds\": %u, "
           "\"lost\": %u, \"wrong\": %u, ", result->event, o->connections, sum.connected, sum.held, sum.retried, sum.echoed,
           o->rounds, sum.lost, sum.wrong);
    printf("\"stopped_by\": \"%s\", \"failures\": {", stopped_by(o, &sum, result));
    const char *separator = "";
    for (unsigned code = 0; code < errno_count; code++) {
        if (sum.failures[code] == 0) continue;
        const char *name = strerrorname_np((int)code);
        printf("%s\"%s\": %u", separator, name != NULL ? name : "unknown", sum.failures[code]);
        separator = ", ";
    }
    printf("}, \"connect_seconds\": %.3f, \"connects_per_second\": %.0f, \"echo_seconds\": %.3f, "
           "\"close_seconds\": %.3f, ", result->connect_seconds,
           result->connect_seconds > 0 ? sum.connected / result->connect_seconds : 0, result->echo_seconds,
           result->close_seconds);
    printf("\"live\": %u, \"live_lost\": %u, \"live_sent\": %llu, \"live_answered\": %llu, ", o->live,
           atomic_load(&s->live_lost), atomic_load(&s->live_sent), atomic_load(&s->live_answered));
    print_times("latencies", s->latencies);
    print_times("send_delays", s->delays);
    printf("\"processes\": %u, \"sources\": %u, \"own_memory\": %llu, \"least_available\": %llu, \"pids\": [",
           o->processes, o->processes * o->sources, (unsigned long long)result->own_memory,
           (unsigned long long)result->least_available);
    for (unsigned i = 0; i < o->processes; i++) printf("%s%d", i > 0 ? ", " : "", pids[i]);
    printf("]}\n");
    fflush(stdout);
}
