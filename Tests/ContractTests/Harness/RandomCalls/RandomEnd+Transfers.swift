import EventReactor
import TestSupport

/// The files and relays that a random end begins.
extension RandomEnd {
    func send(_ how: Call) {
        // The file has the pattern from its beginning, so that the stream goes on in it.
        let offset = outgoing.position % Pattern.period
        let length = random.roll(2 * Pattern.period)
        let accepts = self.accepts
        var progress = -1
        func moved(_ count: Int) {
            closure("progress \(count) of \(length)") {
                if count <= progress || count > length { complain("progress went from \(progress) to \(count)") }
                progress = count
                act(random.roll(2))
            }
        }
        func ended(_ result: Result<Int, FileError>) {
            closure("file: \(result)") {
                pendingFiles -= 1
                switch result {
                case .success(let count): if count != length { complain("\(count) bytes of a file of \(length)") }
                case .failure: failedFiles += 1
                }
                act(random.roll(3))
            }
        }
        do throws(FileError) {
            try call("file of \(length) by \(how)") { (transport) throws(FileError) in
                switch how {
                case .sendFileByPath:
                    try transport.sendFile(path: scene.path, offset: offset, length: length) { ended($0) }
                case .sendCutFile:
                    try transport.sendFile(scene.cutFile, offset: offset, length: length) { ended($0) }
                default:
                    try transport.sendFile(
                        scene.file, offset: offset, length: length, progress: { moved($0) }, completion: { ended($0) })
                }
            }
            if !accepts { complain("a file was taken by a connection that takes no writes") }
            if how == .sendCutFile { hasCutFile = true }
            pendingFiles += 1
            outgoing.accept(length)
        } catch {
            guard case .closed = error, !accepts else { return complain("sendFile throws \(error)") }
        }
    }

    func beginRelay(to receiver: RandomEnd) {
        // Bytes that go round for ever are of no use here.
        guard !incoming.draws(on: receiver.outgoing), relay?.isClosed != false, isMade else { return }
        passRelay()
        let accepts = receiver.accepts
        let record = RelayRecord(of: incoming, from: arrived)
        do throws(RelayError) {
            let handle = try call("relay to \(receiver.name)") { (transport) throws(RelayError) in
                try transport.relay(to: receiver.transport) { [self] in ended(record, to: receiver, $0, $1) }
            }
            if !accepts || sawEnd { complain("a relay began that should not") }
            hasRelayed = true
            receiver.hasRelayed = true
            pendingRelays += 1
            record.began(handle)
            relay = record
            receiver.outgoing.accept(record)
        } catch {
            switch error {
            case .sourceClosed where transport.isClosing || sawEnd: break
            case .receiverClosed where !accepts: break
            case .unsupported where !receiver.isMade: break
            default: complain("relay throws \(error)")
            }
        }
    }

    private func ended(_ record: RelayRecord, to receiver: RandomEnd, _ count: Int, _ ending: RelayEnding) {
        scene.note("\(name) <- relay to \(receiver.name): \(count), \(ending)")
        scene.activity += 1
        if scene.isCalling { complain("a relay's completion came inside a call") }
        pendingRelays -= 1
        if let wrong = record.ended(count, ending) { complain(wrong) }
        if case .ended = ending { sawEnd = true }
        act(random.roll(3))
        passRelay()
        switch ending {
        case .ended:
            receiver.endsWriting = true
            // Its protocol gets no callback, so nothing else would close it.
            if scene.isFinal { lose() }
        case .stopped: break
        case .receiverClosed, .sourceLost, .receiverLost:
            // If one is closed in order, the relay closes the other.
            hasLost = true
            receiver.hasLost = true
        }
    }
}
