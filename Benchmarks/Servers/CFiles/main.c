// Sends a file to whoever connects, over and over: epoll and sendfile by hand. Options:
//   --port N         where to listen on 127.0.0.1; 0 for any
//   --file PATH      the file

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIECE = 512 * 1024 };

struct link {
    int descriptor;
    off_t offset;
};

static _Noreturn void die(const char *what) {
    perror(what);
    exit(1);
}

int main(int count, char **words) {
    int port = 0;
    const char *path = NULL;
    for (int i = 1; i + 1 < count; i += 2) {
        if (strcmp(words[i], "--port") == 0) port = atoi(words[i + 1]);
        else if (strcmp(words[i], "--file") == 0) path = words[i + 1];
        else return fprintf(stderr, "usage: CFiles [--port N] --file PATH\n"), 2;
    }
    signal(SIGPIPE, SIG_IGN);
    int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    struct stat facts;
    if (file < 0 || fstat(file, &facts) < 0) die("open");

    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), on = 1;
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons((uint16_t)port)};
    socklen_t length = sizeof address;
    if (bind(listener, (struct sockaddr *)&address, length) < 0 || listen(listener, 128) < 0) die("listen");
    getsockname(listener, (struct sockaddr *)&address, &length);
    printf("listening on %d\n", ntohs(address.sin_port));
    fflush(stdout);

    int poll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL}, events[64];
    epoll_ctl(poll, EPOLL_CTL_ADD, listener, &event);
    for (;;) {
        int ready = epoll_wait(poll, events, 64, -1);
        for (int i = 0; i < ready; i++) {
            struct link *link = events[i].data.ptr;
            if (link == NULL) {
                int descriptor = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
                if (descriptor < 0) continue;
                setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
                link = calloc(1, sizeof *link);
                link->descriptor = descriptor;
                event = (struct epoll_event){.events = EPOLLOUT, .data.ptr = link};
                epoll_ctl(poll, EPOLL_CTL_ADD, descriptor, &event);
                continue;
            }
            off_t rest = facts.st_size - link->offset;
            ssize_t sent = sendfile(link->descriptor, file, &link->offset, rest < PIECE ? (size_t)rest : PIECE);
            if (sent < 0 && errno != EAGAIN) {
                close(link->descriptor);
                free(link);
            } else if (link->offset == facts.st_size) {
                link->offset = 0;
            }
        }
    }
}
