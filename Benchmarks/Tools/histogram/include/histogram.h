#pragma once

#include <stdint.h>

// Latencies in nanoseconds, up to half an hour, in buckets of the log-linear design of HdrHistogram: none is wider than
// 1/128 of its value, which is two significant digits.
enum { histogram_fraction_bits = 7, histogram_buckets = (41 - histogram_fraction_bits) << histogram_fraction_bits };

typedef struct {
    uint64_t counts[histogram_buckets];
} histogram;

void histogram_add(histogram *h, uint64_t value);
void histogram_merge(histogram *into, const histogram *from);

// The value that the given share of all samples (0 to 1) does not exceed; 0 of an empty histogram.
uint64_t histogram_quantile(const histogram *h, double share);
