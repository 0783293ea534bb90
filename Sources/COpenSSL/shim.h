// OpenSSL 3, as far as EventReactorTLS uses it.
#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <openssl/core_names.h>
#include <openssl/params.h>

// Macros that Swift does not import.
static const uint64_t OPENSSL_OPTION_NO_RENEGOTIATION = SSL_OP_NO_RENEGOTIATION;
static const uint64_t OPENSSL_OPTION_NO_COMPRESSION = SSL_OP_NO_COMPRESSION;
static const uint64_t OPENSSL_OPTION_SERVER_PREFERENCE = SSL_OP_CIPHER_SERVER_PREFERENCE;
static const uint64_t OPENSSL_OPTION_PRIORITIZE_CHACHA = SSL_OP_PRIORITIZE_CHACHA;
static const uint64_t OPENSSL_OPTION_NO_TICKET = SSL_OP_NO_TICKET;
static const unsigned long OPENSSL_NAME_ONE_LINE = XN_FLAG_ONELINE & ~ASN1_STRFLGS_ESC_MSB;
static const int OPENSSL_BIO_READ_FLAGS = BIO_FLAGS_READ | BIO_FLAGS_SHOULD_RETRY;
static const int OPENSSL_BIO_RETRY_FLAGS = BIO_FLAGS_RWS | BIO_FLAGS_SHOULD_RETRY;

// Sets the key of the HMAC by which a session ticket is authenticated; returns 1 on success.
static inline int openssl_set_ticket_hmac(EVP_MAC_CTX *context, const unsigned char *key, size_t length) {
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, (void *)key, length),
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)"SHA256", 0),
        OSSL_PARAM_construct_end(),
    };
    return EVP_MAC_CTX_set_params(context, parameters);
}
