// libuv as its documentation's tcp-echo-server has it: a buffer allocated for each read, a request for each write.
// With TCP_NODELAY and the backlog that all servers have.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

enum { backlog = 4096, piece_size = 64 * 1024 };

typedef struct {
    uv_write_t request;
    uv_buf_t buffer;
} write_request;

// In lines mode: what came of a line that is not complete.
typedef struct {
    uv_tcp_t stream;
    size_t unfinished_count;
    char unfinished[4096];
} connection;

static enum { echo, lines, sink, source } mode = echo;
static char piece[piece_size];

static void on_close(uv_handle_t *handle) {
    free(handle);
}

static void close_connection(uv_handle_t *handle) {
    if (!uv_is_closing(handle)) uv_close(handle, on_close);
}

static void allocate(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer) {
    (void)handle;
    buffer->base = malloc(suggested);
    buffer->len = buffer->base == NULL ? 0 : suggested;
}

static void on_written(uv_write_t *request, int status) {
    (void)status;  // an error shows itself to the reader, too
    free(((write_request *)request)->buffer.base);
    free(request);
}

static void write_bytes(uv_stream_t *stream, char *owned, size_t count) {
    write_request *w = malloc(sizeof *w);
    w->buffer = uv_buf_init(owned, (unsigned)count);
    if (uv_write(&w->request, stream, &w->buffer, 1, on_written) != 0) on_written(&w->request, -1);
}

static void write_copy(uv_stream_t *stream, const char *bytes, size_t count) {
    char *copy = malloc(count);
    memcpy(copy, bytes, count);
    write_bytes(stream, copy, count);
}

static void answer_lines(connection *c, const char *bytes, size_t count) {
    const char *end;
    while ((end = memchr(bytes, '\n', count)) != NULL) {
        size_t length = (size_t)(end + 1 - bytes);
        if (c->unfinished_count == 0) {
            write_copy((uv_stream_t *)c, bytes, length);
        } else {
            char *line = malloc(c->unfinished_count + length);
            memcpy(line, c->unfinished, c->unfinished_count);
            memcpy(line + c->unfinished_count, bytes, length);
            write_bytes((uv_stream_t *)c, line, c->unfinished_count + length);
            c->unfinished_count = 0;
        }
        bytes += length, count -= length;
    }
    if (c->unfinished_count + count > sizeof c->unfinished) return close_connection((uv_handle_t *)c);
    memcpy(c->unfinished + c->unfinished_count, bytes, count);
    c->unfinished_count += count;
}

static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buffer) {
    if (count > 0 && mode == echo) return write_bytes(stream, buffer->base, (size_t)count);
    if (count > 0 && mode == lines) answer_lines((connection *)stream, buffer->base, (size_t)count);
    if (count < 0) close_connection((uv_handle_t *)stream);
    free(buffer->base);
}

static void on_piece_written(uv_write_t *request, int status) {
    uv_stream_t *stream = request->handle;
    free(request);
    if (status != 0) return close_connection((uv_handle_t *)stream);
    uv_buf_t buffer = uv_buf_init(piece, sizeof piece);
    uv_write_t *next = malloc(sizeof *next);
    if (uv_write(next, stream, &buffer, 1, on_piece_written) != 0) free(next);
}

static void on_connection(uv_stream_t *server, int status) {
    if (status < 0) return;
    connection *c = calloc(1, mode == lines ? sizeof *c : sizeof c->stream);
    uv_tcp_init(server->loop, &c->stream);
    if (uv_accept(server, (uv_stream_t *)c) != 0) return close_connection((uv_handle_t *)c);
    uv_tcp_nodelay(&c->stream, 1);
    uv_read_start((uv_stream_t *)c, allocate, on_read);
    if (mode != source) return;
    uv_write_t *request = calloc(1, sizeof *request);
    request->handle = (uv_stream_t *)c;
    on_piece_written(request, 0);
}

static int usage(const char *name) {
    fprintf(stderr, "usage: %s [--port N] [--mode echo|lines|sink|source]\n", name);
    return 2;
}

int main(int argc, char **argv) {
    static const char *const names[] = {"echo", "lines", "sink", "source"};
    int port = 0;
    for (int i = 1; i < argc; i += 2) {
        if (i + 1 < argc && strcmp(argv[i], "--port") == 0) port = atoi(argv[i + 1]);
        else if (i + 1 < argc && strcmp(argv[i], "--mode") == 0) {
            for (mode = echo; mode <= source && strcmp(argv[i + 1], names[mode]) != 0;) mode++;
            if (mode > source) return usage(argv[0]);
        } else return usage(argv[0]);
    }
    memset(piece, 'x', sizeof piece);

    uv_loop_t *loop = uv_default_loop();
    uv_tcp_t server;
    struct sockaddr_in address;
    uv_tcp_init(loop, &server);
    uv_ip4_addr("127.0.0.1", port, &address);
    uv_tcp_bind(&server, (const struct sockaddr *)&address, 0);
    int error = uv_listen((uv_stream_t *)&server, backlog, on_connection);
    if (error != 0) {
        fprintf(stderr, "listen: %s\n", uv_strerror(error));
        return 1;
    }
    int length = sizeof address;
    uv_tcp_getsockname(&server, (struct sockaddr *)&address, &length);
    printf("listening on %d\n", ntohs(address.sin_port));
    fflush(stdout);
    return uv_run(loop, UV_RUN_DEFAULT);
}
