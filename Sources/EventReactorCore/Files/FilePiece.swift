/// The result of reading a part of a file on another thread.
enum FilePiece: Sendable {
    case bytes([UInt8])
    /// The file is shorter than that.
    case ended
    /// It cannot be read, with this errno.
    case failed(Int32)

    /// Reads at most `most` bytes into memory of its own, and may wait for the disk.
    init(of file: ReadableFile, by reader: any FileReader, at offset: Int, most: Int) {
        var result = 0
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: most) { buffer, count in
            result = unsafe reader.read(file.descriptor, into: UnsafeMutableRawBufferPointer(buffer), at: offset)
            count = max(0, result)
        }
        self = result > 0 ? .bytes(bytes) : result == 0 ? .ended : .failed(Int32(-result))
    }
}
