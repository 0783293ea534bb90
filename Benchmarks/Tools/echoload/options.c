// The command line of echoload.

#include "echoload.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void usage(void) {
    fputs("usage: echoload --port N [--size BYTES] [--connections N] [--threads N] [--seconds S] [--warmup S]\n"
          "                [--work echo|send|receive|churn|storm] [--lines BYTES] [--rate PER_SECOND]\n"
          "                [--request FILE --response FILE]\n"
          "                [--tls] [--cipher SUITE] [--resume] [--server-pid PID] [--spin] [--hold] [--json]\n", stderr);
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

options parse_options(int argc, char **argv, load *l) {
    options o = {.connections = 64, .threads = 1, .seconds = 3, .warmup = 0.5};
    l->message_size = 64;
    l->activity = &echo_activity;
    bool tls = false;
    static const struct option names[] = {
        {"port", required_argument, NULL, 'p'},        {"size", required_argument, NULL, 's'},
        {"connections", required_argument, NULL, 'c'}, {"threads", required_argument, NULL, 't'},
        {"seconds", required_argument, NULL, 'd'},     {"warmup", required_argument, NULL, 'w'},
        {"server-pid", required_argument, NULL, 'i'},  {"spin", no_argument, NULL, 'S'},
        {"hold", no_argument, NULL, 'H'},              {"json", no_argument, NULL, 'j'},
        {"work", required_argument, NULL, 'k'},        {"lines", required_argument, NULL, 'l'},
        {"rate", required_argument, NULL, 'r'},        {"request", required_argument, NULL, 'q'},
        {"response", required_argument, NULL, 'a'},    {"tls", no_argument, NULL, 'T'},
        {"cipher", required_argument, NULL, 'C'},      {"resume", no_argument, NULL, 'R'},
        {NULL, 0, NULL, 0},
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
        case 'T': tls = true; break;
        case 'C': l->tls.cipher = optarg; break;
        case 'R': l->tls.resumes = true; break;
        default: usage();
        }
    }
    if (l->port == 0 || l->message_size == 0 || o.connections == 0 || o.threads == 0 || optind < argc) usage();
    if ((l->request == NULL) != (l->response == NULL)) usage();
    if (l->response == NULL) l->answer_size = l->message_size;
    if (l->line_size != 0 && (l->message_size % l->line_size != 0 || pattern_shifts % l->line_size != 0)) usage();
    if (l->rate > 0 && l->activity != &echo_activity) usage();
    bool is_echo = l->activity == &echo_activity || l->activity == &churn_activity;
    if ((l->tls.cipher != NULL || l->tls.resumes) && !tls) usage();
    if (tls && (!is_echo || l->response != NULL)) usage();
    if (tls) tls_set_up(&l->tls);
    if (o.threads > o.connections) o.threads = o.connections;
    l->rate /= o.threads;
    return o;
}
