#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Reads files with `pread` on whatever thread asks, as simulated engines do: what happens when is decided by the seed.
package struct DirectFileReader: FileReader {
    package init() {}

    package func readNow(_ file: Int32, into buffer: UnsafeMutableRawBufferPointer, at offset: Int) -> Int? {
        unsafe read(file, into: buffer, at: offset)
    }

    package func read(_ file: Int32, into buffer: UnsafeMutableRawBufferPointer, at offset: Int) -> Int {
        while true {
            let count = unsafe pread(file, buffer.baseAddress, buffer.count, off_t(offset))
            if count >= 0 { return count }
            if errno != EINTR { return -Int(errno) }
        }
    }
}
