#pragma once

#include <stdint.h>

// Latencies in nanoseconds, in buckets no wider than 1/64 of their value; a bucket a value below 64.
enum { histogram_fraction_bits = 6, histogram_buckets = (41 - histogram_fraction_bits) << histogram_fraction_bits };

typedef struct {
    uint64_t counts[histogram_buckets];
} histogram;

void histogram_add(histogram *h, uint64_t value);
void histogram_merge(histogram *into, const histogram *from);

// The value that the given share of all samples (0 to 1) does not exceed; 0 of an empty histogram.
uint64_t histogram_quantile(const histogram *h, double share);
