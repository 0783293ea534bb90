#include "hold.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { most_a_process = 16000, ports_a_source = 8000 };

static void usage(void) {
    fputs("usage: hold --port N[,N...] [--connections N] [--processes N] [--sources N] [--rate PER_SECOND]\n"
          "            [--window N] [--retry MS] [--keep N] [--rounds N] [--live N] [--live-rate PER_SECOND] [--before S]\n"
          "            [--after S] [--patience S] [--memory-floor MIB] [--live-cpu N] [--flood-cpus N[,N...]]\n"
          "            [--nice N] [--spin] [--step] [--progress]\n", stderr);
    exit(2);
}

static unsigned parse_ports(char *text, uint16_t *ports) {
    unsigned count = 0;
    for (char *part = strtok(text, ","); part != NULL; part = strtok(NULL, ",")) {
        if (count == most_ports) usage();
        ports[count++] = (uint16_t)atoi(part);
    }
    return count;
}

static unsigned parse_cpus(char *text, int *cpus) {
    unsigned count = 0;
    for (char *part = strtok(text, ","); part != NULL; part = strtok(NULL, ",")) {
        if (count == most_cpus) usage();
        cpus[count++] = atoi(part);
    }
    return count;
}

options parse_options(int argc, char **argv) {
    options o = {.connections = 1000, .window = 64, .rounds = 1, .live = 100, .live_rate = 50, .before = 2, .after = 2,
                 .patience = 10, .memory_floor = 1536ull << 20, .live_cpu = -1};
    static const struct option names[] = {
        {"port", required_argument, NULL, 'p'},      {"connections", required_argument, NULL, 'c'},
        {"processes", required_argument, NULL, 'n'}, {"sources", required_argument, NULL, 's'},
        {"rate", required_argument, NULL, 'r'},      {"window", required_argument, NULL, 'w'},
        {"retry", required_argument, NULL, 'y'},     {"keep", required_argument, NULL, 'k'},
        {"rounds", required_argument, NULL, 'R'},
        {"live", required_argument, NULL, 'l'},      {"live-rate", required_argument, NULL, 'L'},
        {"before", required_argument, NULL, 'b'},    {"after", required_argument, NULL, 'a'},
        {"patience", required_argument, NULL, 'P'},  {"memory-floor", required_argument, NULL, 'm'},
        {"live-cpu", required_argument, NULL, 'C'},  {"flood-cpus", required_argument, NULL, 'F'},
        {"nice", required_argument, NULL, 'N'},      {"spin", no_argument, NULL, 'S'},
        {"step", no_argument, NULL, 't'},            {"progress", no_argument, NULL, 'g'},
        {NULL, 0, NULL, 0},
    };
    int option;
    while ((option = getopt_long(argc, argv, "", names, NULL)) != -1) {
        switch (option) {
        case 'p': o.port_count = parse_ports(optarg, o.ports); break;
        case 'c': o.connections = (unsigned)atoi(optarg); break;
        case 'n': o.processes = (unsigned)atoi(optarg); break;
        case 's': o.sources = (unsigned)atoi(optarg); break;
        case 'r': o.rate = atof(optarg); break;
        case 'w': o.window = (unsigned)atoi(optarg); break;
        case 'y': o.retry = (unsigned)atoi(optarg); break;
        case 'k': o.keep = (unsigned)atoi(optarg); break;
        case 'R': o.rounds = (unsigned)atoi(optarg); break;
        case 'l': o.live = (unsigned)atoi(optarg); break;
        case 'L': o.live_rate = atof(optarg); break;
        case 'b': o.before = atof(optarg); break;
        case 'a': o.after = atof(optarg); break;
        case 'P': o.patience = atof(optarg); break;
        case 'm': o.memory_floor = strtoull(optarg, NULL, 10) << 20; break;
        case 'C': o.live_cpu = atoi(optarg); break;
        case 'F': o.flood_cpu_count = parse_cpus(optarg, o.flood_cpus); break;
        case 'N': o.nice = atoi(optarg); break;
        case 'S': o.spin = true; break;
        case 't': o.step = true; break;
        case 'g': o.progress = true; break;
        default: usage();
        }
    }
    if (o.port_count == 0 || o.window == 0 || o.live > 10000 || o.live_rate <= 0 || optind < argc) usage();
    if (o.processes == 0) o.processes = o.connections / most_a_process + 1;
    unsigned share = o.connections / o.processes + 1;
    // An address has 28,000 ports as a rule, but past half of them the kernel searches long for a free one.
    if (o.sources == 0) o.sources = share / ports_a_source / o.port_count + 1;
    return o;
}
