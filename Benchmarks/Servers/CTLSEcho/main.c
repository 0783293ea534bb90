// OpenSSL as its documentation has it, on epoll: SSL_set_fd, and the socket read and written by OpenSSL. One thread,
// level-triggered, one buffer shared by all connections for a record's plaintext. A connection whose answer the kernel
// does not take is not read again until it has gone out.

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { max_events = 256, backlog = 4096, record_size = 16 * 1024 };

typedef struct {
    SSL *ssl;
    int fd;
    uint32_t interest;
    size_t pending_count;
    char *pending;  // the unsent answer, NULL while there is none
} connection;

static int epoll_fd, listen_fd;
static SSL_CTX *context;
static char buffer[record_size];

static void fail(const char *what) {
    perror(what);
    ERR_print_errors_fp(stderr);
    exit(1);
}

static void watch(connection *c, int operation, uint32_t interest) {
    if (c->interest == interest) return;
    c->interest = interest;
    struct epoll_event event = {.events = interest, .data.ptr = c};
    if (epoll_ctl(epoll_fd, operation, c->fd, &event) < 0) fail("epoll_ctl");
}

static void close_connection(connection *c) {
    if (SSL_is_init_finished(c->ssl)) SSL_shutdown(c->ssl);
    SSL_free(c->ssl);
    close(c->fd);
    free(c->pending);
    free(c);
}

// What to do about a call that did not succeed: wait for what OpenSSL wants, or give the connection up.
static void wait_or_close(connection *c, int result) {
    switch (SSL_get_error(c->ssl, result)) {
    case SSL_ERROR_WANT_READ: return watch(c, EPOLL_CTL_MOD, EPOLLIN);
    case SSL_ERROR_WANT_WRITE: return watch(c, EPOLL_CTL_MOD, EPOLLOUT);
    default: close_connection(c);
    }
}

static void on_event(connection *c) {
    for (;;) {
        ERR_clear_error();
        if (c->pending != NULL) {
            int result = SSL_write(c->ssl, c->pending, (int)c->pending_count);
            if (result <= 0) return wait_or_close(c, result);
            free(c->pending);
            c->pending = NULL;
        }
        int count = SSL_read(c->ssl, buffer, sizeof buffer);
        if (count <= 0) return wait_or_close(c, count);
        int result = SSL_write(c->ssl, buffer, count);
        if (result > 0) continue;
        if ((c->pending = malloc((size_t)count)) == NULL) return close_connection(c);
        memcpy(c->pending, buffer, (size_t)count);
        c->pending_count = (size_t)count;
        return wait_or_close(c, result);
    }
}

static void on_acceptable(void) {
    for (int fd; (fd = accept4(listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;) {
        int on = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        connection *c = calloc(1, sizeof *c);
        if (c == NULL || (c->ssl = SSL_new(context)) == NULL || SSL_set_fd(c->ssl, fd) != 1) fail("connection");
        SSL_set_accept_state(c->ssl);
        c->fd = fd;
        watch(c, EPOLL_CTL_ADD, EPOLLIN);
    }
}

static void make_context(const char *chain, const char *key) {
    context = SSL_CTX_new(TLS_server_method());
    if (context == NULL || SSL_CTX_use_certificate_chain_file(context, chain) != 1
        || SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1)
        fail("identity");
    SSL_CTX_set_mode(context, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
}

static uint16_t listen_on(uint16_t port) {
    listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int on = 1;
    setsockopt(listen_fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    if (bind(listen_fd, (struct sockaddr *)&address, length) < 0 || listen(listen_fd, backlog) < 0
        || getsockname(listen_fd, (struct sockaddr *)&address, &length) < 0)
        fail("listener");
    struct epoll_event listening = {.events = EPOLLIN, .data.ptr = NULL};  // no connection: the listener
    if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, listen_fd, &listening) < 0) fail("epoll_ctl");
    return ntohs(address.sin_port);
}

int main(int argc, char **argv) {
    const char *chain = NULL, *key = NULL;
    uint16_t port = 0;
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--port") == 0) port = (uint16_t)atoi(argv[i + 1]);
        else if (strcmp(argv[i], "--chain") == 0) chain = argv[i + 1];
        else if (strcmp(argv[i], "--key") == 0) key = argv[i + 1];
    }
    if (chain == NULL || key == NULL) {
        fprintf(stderr, "usage: %s [--port N] --chain FILE --key FILE\n", argv[0]);
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);  // OpenSSL writes to sockets as to files
    make_context(chain, key);
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    printf("listening on %d\n", listen_on(port));
    fflush(stdout);
    struct epoll_event events[max_events];
    for (;;) {
        int count = epoll_wait(epoll_fd, events, max_events, -1);
        if (count < 0 && errno != EINTR) fail("epoll_wait");
        for (int i = 0; i < count; i++) {
            if (events[i].data.ptr == NULL) on_acceptable();
            else on_event(events[i].data.ptr);
        }
    }
}
