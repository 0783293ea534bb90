import Glibc

/// The sanitizer that this run is built with, for tests that measure something else under one.
enum Sanitizer {
    static var isActive: Bool { isAddress || isThread }
    static let isAddress = unsafe dlsym(nil, "__asan_init") != nil
    static let isThread = unsafe dlsym(nil, "__tsan_init") != nil
}
