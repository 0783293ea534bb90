import Glibc

/// The sanitizer that this run is built with, for tests that cannot mean under one what they mean without.
enum Sanitizer {
    static let isAddress = unsafe dlsym(nil, "__asan_init") != nil
    static let isThread = unsafe dlsym(nil, "__tsan_init") != nil
}
