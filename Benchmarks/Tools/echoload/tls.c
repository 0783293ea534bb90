// TLS on the generator's side: read-ahead, kept buffers, and all records of a message sent at once, so that it costs less
// than the servers' side, and a message arrives as a whole.

#include "worker.h"

#include <openssl/err.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>

enum { read_ahead = 64 * 1024, record_size = 16 * 1024, record_overhead = 64 };

static _Noreturn void fail_by_tls(const char *what) {
    fprintf(stderr, "echoload: %s: %s\n", what, ERR_reason_error_string(ERR_peek_error()));
    errno = 0;
    fail("TLS");
}

void tls_set_up(tls_settings *settings) {
    signal(SIGPIPE, SIG_IGN);
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    if (context == NULL || SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) != 1) fail_by_tls("context");
    if (settings->cipher != NULL && SSL_CTX_set_ciphersuites(context, settings->cipher) != 1) fail_by_tls("cipher");
    SSL_CTX_set_mode(context, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_read_ahead(context, 1);
    SSL_CTX_set_default_read_buffer_len(context, read_ahead);
    // With a cache OpenSSL would use a ticket only once, and not every server gives a new one when it resumes.
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    settings->context = context;
}

void tls_begin(worker *w, connection *c, bool blocking) {
    size_t size = w->load->message_size;
    BIO *socket = BIO_new_socket(c->fd, BIO_NOCLOSE), *gathering = BIO_new(BIO_f_buffer());
    c->ssl = SSL_new(w->load->tls.context);
    if (c->ssl == NULL || socket == NULL || gathering == NULL || BIO_up_ref(socket) != 1
        || BIO_set_write_buffer_size(gathering, (long)(size + (size / record_size + 8) * record_overhead)) != 1)
        fail_by_tls("connection");
    SSL_set0_rbio(c->ssl, socket);
    SSL_set0_wbio(c->ssl, BIO_push(gathering, socket));
    c->flushing = false;
    SSL_set_connect_state(c->ssl);
    c->offers_session = w->session != NULL;
    if (c->offers_session && SSL_set_session(c->ssl, w->session) != 1) fail_by_tls("session");
    ERR_clear_error();
    if (blocking && SSL_do_handshake(c->ssl) != 1) fail_by_tls("handshake");
}

void tls_end(worker *w, connection *c) {
    if (c->ssl == NULL) return;
    errno = 0;
    if (c->offers_session && !SSL_session_reused(c->ssl)) fail("the server did not resume a session");
    // The last ticket that came.
    if (w->load->tls.resumes) {
        SSL_SESSION_free(w->session);
        w->session = SSL_get1_session(c->ssl);
    }
    ERR_clear_error();
    if (SSL_is_init_finished(c->ssl)) SSL_shutdown(c->ssl);
    SSL_free(c->ssl);
    c->ssl = NULL;
}

static ssize_t outcome(connection *c, int result, size_t count, const char *what) {
    if (result == 1) return (ssize_t)count;
    int error = SSL_get_error(c->ssl, result);
    if (error == SSL_ERROR_ZERO_RETURN) return 0;
    if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) fail_by_tls(what);
    errno = EAGAIN;
    return -1;
}

ssize_t tls_send(connection *c, const char *bytes, size_t count) {
    size_t sent = count;
    ERR_clear_error();
    if (!c->flushing) {
        int result = SSL_write_ex(c->ssl, bytes, count, &sent);
        if (result != 1) return outcome(c, result, sent, "sending");
    }
    BIO *gathering = SSL_get_wbio(c->ssl);
    c->flushing = BIO_flush(gathering) != 1;
    if (!c->flushing) return (ssize_t)sent;
    if (!BIO_should_retry(gathering)) fail("send");
    errno = EAGAIN;
    return -1;
}

ssize_t tls_receive(connection *c, char *buffer, size_t count) {
    size_t received = 0;
    ERR_clear_error();
    int result = SSL_read_ex(c->ssl, buffer, count, &received);
    return outcome(c, result, received, "receiving");
}
