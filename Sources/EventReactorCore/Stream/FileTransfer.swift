/// One call of ``Transport/sendFile(_:offset:length:progress:completion:)`` that has not finished.
final class FileTransfer {
    let file: ReadableFile
    let length: Int
    private(set) var offset: Int
    /// The bytes read or sent so far, of which some may wait in the connection's queue.
    private(set) var transferred = 0
    /// The file is read and its bytes are queued, since the kernel does not send it by itself.
    var copies = false
    /// Everything written before the file has left the queue.
    var hasBegun = false
    let progress: ((Int) -> Void)?
    let completion: ((Result<Int, FileError>) -> Void)?

    init(
        _ file: ReadableFile, offset: Int, length: Int, progress: ((Int) -> Void)?,
        completion: ((Result<Int, FileError>) -> Void)?
    ) {
        self.file = file
        self.offset = offset
        self.length = length
        self.progress = progress
        self.completion = completion
    }

    var remaining: Int { length - transferred }

    func advance(by count: Int) {
        transferred += count
        offset += count
    }
}
