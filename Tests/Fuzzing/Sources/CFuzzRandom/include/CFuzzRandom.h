#include <stddef.h>
#include <stdint.h>

// Random numbers of OpenSSL's that are the same in each run, so that a recorded handshake can be played again: for this
// program alone.

// Has OpenSSL use them; before anything else of OpenSSL.
void fuzz_random_install(void);
// The state of the generator, to be exchanged between the two ends of a connection.
uint64_t fuzz_random_state(void);
void fuzz_random_set_state(uint64_t state);

// Makes a key and a certificate for the name `fuzz`, signed by itself and valid from 2020 to 2119, in PEM format.
// Returns the number of bytes, 0 if it failed or does not fit.
size_t fuzz_make_identity(char *text, size_t capacity);
