/// One call of ``Transport/sendFile(_:offset:length:progress:completion:)`` that has not finished.
final class FileTransfer {
    /// The read of the next piece that a thread of the pool does: one at a time.
    enum Reading {
        case none
        case underWay(PendingResult)
        /// It is complete, and its bytes are the next to be sent.
        case complete(FilePiece)
    }

    let file: ReadableFile
    let length: Int
    private(set) var offset: Int
    /// The bytes read or sent so far, of which some may wait in the connection's queue.
    private(set) var transferred = 0
    /// The file is read and its bytes are queued, since the kernel does not send it by itself.
    var copies = false
    /// Everything written before the file has left the queue.
    var hasBegun = false
    var reading = Reading.none
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

    var isReading: Bool {
        if case .underWay = reading { true } else { false }
    }

    /// The connection is lost: what a thread is reading is dropped.
    func lost(_ reason: ConnectionLostReason) {
        if case .underWay(let read) = reading { read.cancel() }
        reading = .none
        completion?(.failure(.lost(sent: transferred, reason)))
    }

    var remaining: Int { length - transferred }

    func advance(by count: Int) {
        transferred += count
        offset += count
    }
}
