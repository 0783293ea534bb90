import CEventReactorShims
import EventReactorCore

/// Reads what is in the page cache on the reactor's thread, and the rest on a thread of the pool.
struct KernelFileReader: FileReader {
    func readNow(_ file: Int32, into buffer: UnsafeMutableRawBufferPointer, at offset: Int) -> Int? {
        // The pool's threads have the process's descriptor table, and there the number may be another file's.
        guard er_thread_own_table() == 0 else { return unsafe read(file, into: buffer, at: offset) }
        let count = unsafe er_pread_cached(file, buffer.baseAddress, UInt64(buffer.count), Int64(offset))
        // Not in memory, or a file system that cannot say, such as tmpfs and FUSE. Linux 5.9 and 5.10 answer 0 before
        // the end of the file, so that the end, and any error, are left to the read that may wait.
        return count > 0 ? Int(count) : nil
    }

    func read(_ file: Int32, into buffer: UnsafeMutableRawBufferPointer, at offset: Int) -> Int {
        unsafe DirectFileReader().read(file, into: buffer, at: offset)
    }
}
