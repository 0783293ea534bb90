package import Glibc

/// Calls a closure with attributes for `posix_spawn` by which the new process blocks no signals.
///
/// The threads of the test's runner block signals, and a child would inherit that.
package func withUnblockedSignals<Result>(_ body: (UnsafePointer<posix_spawnattr_t>) throws -> Result) rethrows
    -> Result
{
    var attributes = posix_spawnattr_t()
    var none = sigset_t()
    unsafe sigemptyset(&none)
    unsafe posix_spawnattr_init(&attributes)
    defer { unsafe posix_spawnattr_destroy(&attributes) }
    unsafe posix_spawnattr_setsigmask(&attributes, &none)
    unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
    return try unsafe body(&attributes)
}
