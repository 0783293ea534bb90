#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// The standard error stream of the process, unbuffered.
package enum StandardError {
    package static func print(_ text: String) {
        var text = text
        text.withUTF8 { bytes in
            // If this fails, there is nowhere left to report it.
            _ = unsafe write(STDERR_FILENO, bytes.baseAddress, bytes.count)
        }
    }
}
