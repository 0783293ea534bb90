/// Reading files off the reactor's thread.
extension ReactorBase {
    /// Reads a piece of a file on a thread of the pool.
    ///
    /// - Parameter completion: called once in a later turn, unless the read is cancelled or the reactor closed.
    func read(
        _ file: ReadableFile, by reader: any FileReader, at offset: Int, most: Int,
        then completion: @escaping (FilePiece) -> Void
    ) -> PendingResult {
        let (pending, deliver) = awaitResult { (result: Result<FilePiece, any Error>) in
            if case .success(let piece) = result { completion(piece) }
        }
        // The work retains the file: its descriptor stays open as long as a thread reads it.
        let work = { @Sendable in deliver(.success(FilePiece(of: file, by: reader, at: offset, most: most))) }
        pending.setWork(engine.workers.submit(work, to: .work, for: queue))
        return pending
    }
}
