#define OPENSSL_SUPPRESS_DEPRECATED
#include "CFuzzRandom.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

static uint64_t state = 1;

// SplitMix64.
static int fill(unsigned char *bytes, int count) {
    for (int index = 0; index < count; index++) {
        uint64_t word = (state += 0x9E3779B97F4A7C15u);
        word = (word ^ word >> 30) * 0xBF58476D1CE4E5B9u;
        word = (word ^ word >> 27) * 0x94D049BB133111EBu;
        bytes[index] = (unsigned char)(word ^ word >> 31);
    }
    return 1;
}

static int status(void) {
    return 1;
}

void fuzz_random_install(void) {
    static RAND_METHOD method = {.bytes = fill, .pseudorand = fill, .status = status};
    RAND_set_rand_method(&method);
}

uint64_t fuzz_random_state(void) {
    return state;
}

void fuzz_random_set_state(uint64_t new_state) {
    state = new_state;
}

static int set_up(X509 *certificate, EVP_PKEY *key) {
    X509_NAME *name = X509_get_subject_name(certificate);
    X509_EXTENSION *names = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, "DNS:fuzz");
    int is_set = names && X509_set_version(certificate, 2) && ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1) &&
        X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"fuzz", -1, -1, 0) &&
        X509_set_issuer_name(certificate, name) && X509_set_pubkey(certificate, key) &&
        ASN1_TIME_set_string_X509(X509_getm_notBefore(certificate), "20200101000000Z") &&
        ASN1_TIME_set_string_X509(X509_getm_notAfter(certificate), "21190101000000Z") &&
        X509_add_ext(certificate, names, -1) && X509_sign(certificate, key, EVP_sha256());
    X509_EXTENSION_free(names);
    return is_set;
}

size_t fuzz_make_identity(char *text, size_t capacity) {
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = X509_new();
    BIO *out = BIO_new(BIO_s_mem());
    size_t count = 0;
    if (key && certificate && out && set_up(certificate, key) && PEM_write_bio_X509(out, certificate) &&
        PEM_write_bio_PKCS8PrivateKey(out, key, NULL, NULL, 0, NULL, NULL)) {
        char *bytes;
        long made = BIO_get_mem_data(out, &bytes);
        if (made > 0 && (size_t)made <= capacity) {
            count = (size_t)made;
            for (size_t index = 0; index < count; index++) text[index] = bytes[index];
        }
    }
    BIO_free(out);
    X509_free(certificate);
    EVP_PKEY_free(key);
    return count;
}
