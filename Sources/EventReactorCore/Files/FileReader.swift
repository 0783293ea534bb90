/// How an engine reads parts of files whose bytes are copied.
///
/// Both calls return the number of bytes, 0 at the end of the file, or a negative errno.
package protocol FileReader: Sendable {
    /// Reads on the reactor's thread, where nothing may wait for a disk.
    ///
    /// - Returns: `nil` if the read might have to wait: the bytes are then to be read by `read`.
    func readNow(_ file: Int32, into buffer: UnsafeMutableRawBufferPointer, at offset: Int) -> Int?

    /// Reads on a thread of the pool, and may wait.
    func read(_ file: Int32, into buffer: UnsafeMutableRawBufferPointer, at offset: Int) -> Int
}
