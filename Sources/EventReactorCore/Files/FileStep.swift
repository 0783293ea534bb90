/// The result of offering a part of a file to the kernel.
package enum FileStep {
    case sent(Int)
    /// The kernel takes nothing now.
    case noRoom
    /// The file is shorter than that.
    case fileEnded
    /// The file cannot be read, with this errno.
    case fileFailed(Int32)
    /// Sending failed, with this errno.
    case connectionFailed(Int32)
    /// The bytes have to be read and sent.
    case unsupported
}
