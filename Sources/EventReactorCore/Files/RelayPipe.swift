/// A pipe in the kernel through which a relay moves bytes.
///
/// The counts that its calls return are negative for an errno, `EAGAIN` if nothing can be moved now.
package protocol RelayPipe: AnyObject {
    /// The bytes that are in it.
    var byteCount: Int { get }

    /// Moves at most `most` bytes of a socket into the pipe, which is empty; returns the number, 0 at the stream's end.
    ///
    /// - Parameter isReadable: the kernel reported the socket to be readable. Splicing stops at an urgent byte and
    ///   returns `EAGAIN` for ever, while the socket stays readable: a piece is then received and written to the pipe.
    func fill(from descriptor: Int32, most: Int, isReadable: Bool) -> Int

    /// Moves bytes of the pipe into a socket.
    func drain(to descriptor: Int32) -> Int

    /// Takes bytes out of the pipe.
    func read(into buffer: UnsafeMutableRawBufferPointer) -> Int

    /// Keeps the empty pipe for the next relay; a pipe that is released without this is closed.
    func giveBack()
}
