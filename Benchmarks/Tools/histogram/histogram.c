#include "histogram.h"

static unsigned bucket_of(uint64_t value) {
    const unsigned bits = histogram_fraction_bits;
    if (value < (1u << bits)) return (unsigned)value;
    unsigned magnitude = 63u - (unsigned)__builtin_clzll(value);
    unsigned fraction = (unsigned)(value >> (magnitude - bits)) & ((1u << bits) - 1);
    unsigned bucket = ((magnitude - bits + 1) << bits) + fraction;
    return bucket < histogram_buckets ? bucket : histogram_buckets - 1;
}

static uint64_t lower_bound(unsigned bucket) {
    const unsigned bits = histogram_fraction_bits;
    if (bucket < (1u << bits)) return bucket;
    unsigned shift = (bucket >> bits) - 1;
    return ((uint64_t)((1u << bits) | (bucket & ((1u << bits) - 1)))) << shift;
}

void histogram_add(histogram *h, uint64_t value) {
    h->counts[bucket_of(value)]++;
}

void histogram_merge(histogram *into, const histogram *from) {
    for (unsigned i = 0; i < histogram_buckets; i++) into->counts[i] += from->counts[i];
}

uint64_t histogram_quantile(const histogram *h, double share) {
    uint64_t total = 0, seen = 0;
    for (unsigned i = 0; i < histogram_buckets; i++) total += h->counts[i];
    for (unsigned i = 0; i < histogram_buckets && total > 0; i++) {
        seen += h->counts[i];
        if ((double)seen >= share * (double)total) return lower_bound(i);
    }
    return 0;
}
