#include "hold.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

void fail(const char *what) {
    fprintf(stderr, "hold: %s%s%s\n", what, errno ? ": " : "", errno ? strerror(errno) : "");
    exit(1);
}

uint64_t now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

stage next_stage(shared *s, stage known) {
    pthread_mutex_lock(&s->lock);
    while (s->stage == known) pthread_cond_wait(&s->changed, &s->lock);
    stage next = s->stage;
    pthread_mutex_unlock(&s->lock);
    return next;
}

int begin_connect(uint32_t source, uint16_t port) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return -1;
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    // The port is chosen at the connect, where one may serve for many destinations.
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(source)};
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (bind(fd, (struct sockaddr *)&from, sizeof from) == 0
        && (connect(fd, (struct sockaddr *)&to, sizeof to) == 0 || errno == EINPROGRESS))
        return fd;
    int code = errno;
    close(fd);
    errno = code;
    return -1;
}

uint64_t proc_bytes(const char *path, const char *name) {
    FILE *file = fopen(path, "re");
    if (file == NULL) return 0;
    char line[256];
    unsigned long long kibibytes = 0;
    size_t length = strlen(name);
    while (fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, name, length) == 0 && line[length] == ':') {
            sscanf(line + length + 1, "%llu", &kibibytes);
            break;
        }
    }
    fclose(file);
    return kibibytes * 1024;
}
