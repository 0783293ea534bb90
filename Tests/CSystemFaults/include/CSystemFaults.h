// System calls that fail now and then, for the program that this is linked into and all libraries that it loads: the
// dynamic linker finds the definitions here before the C library's.
#pragma once

#include <stdint.h>

// From here on calls of this thread fail, by the seed: one of `one_in` with an errno that the call documents, and one of
// ten moves fewer bytes than it could. With FAULTS_ONLY in the environment only the calls fail that it names.
void faults_begin(uint64_t seed, int one_in);
// Only the calls fail whose names are in a list with commas between them; all with NULL.
void faults_only(const char *names);
// Calls of this thread are the system's own again.
void faults_end(void);
// The calls that can fail, by index; NULL past the last.
const char *faults_call(int index);
// How many calls came, and how many of them failed.
uint64_t faults_calls(int index);
uint64_t faults_failures(int index);
// Writes the last faults to standard error.
void faults_print(void);
