#pragma once

#include "worker.h"

#include <time.h>

// The command line.
typedef struct {
    unsigned connections, threads;
    double seconds, warmup;
    int server_pid;
    bool hold, json;
} options;

// Ends the program with a usage line if the arguments cannot be.
options parse_options(int argc, char **argv, load *l);

// The figures at one instant.
typedef struct {
    struct timespec time;
    unsigned long long messages;
    double user, system;             // seconds, by the kernel's clock tick
    unsigned long long ran;          // nanoseconds on a processor, exact; of all threads
    unsigned long long waited;       // nanoseconds ready to run, with the processor given to others
    unsigned long long load_waited;  // the same of this program's own threads, all together
} reading;

unsigned long long total_messages(worker *workers, const options *o);
reading take_reading(worker *workers, const options *o);

// Prints the difference of two readings, and the latencies that the workers recorded between them.
void report(const options *o, const load *l, worker *workers, const reading *from, const reading *to);
