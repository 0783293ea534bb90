#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// The process's standard error, written without a buffer.
package enum StandardError {
    package static func print(_ text: String) {
        var text = text
        text.withUTF8 { bytes in
            // Nobody is left to be told where this fails.
            _ = unsafe write(STDERR_FILENO, bytes.baseAddress, bytes.count)
        }
    }
}
