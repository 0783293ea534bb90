#pragma once

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

typedef struct worker worker;
typedef struct connection connection;

// TLS of the connections, by OpenSSL. The server is not verified: that is work of the client's alone.
typedef struct {
    SSL_CTX *context;
    const char *cipher;  // the one cipher suite of TLS 1.3 to offer, or NULL for OpenSSL's
    bool resumes;        // by the worker's last ticket, if it has one
} tls_settings;

void tls_set_up(tls_settings *settings);

// Gives a connection its TLS. The handshake is made at once, if the socket blocks; otherwise by the first bytes sent.
void tls_begin(worker *w, connection *c, bool blocking);

// Ends it, with an alert to the peer.
void tls_end(worker *w, connection *c);

// As send() and recv() of a socket that does not block; but it sends all or none, as far as its return value says.
ssize_t tls_send(connection *c, const char *bytes, size_t count);
ssize_t tls_receive(connection *c, char *buffer, size_t count);
