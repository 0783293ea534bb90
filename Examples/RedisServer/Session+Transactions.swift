import EventReactor

/// Transactions: commands that are queued and executed together, unless a watched key has changed.
extension Session {
    func multi() throws(ReplyError) {
        guard transaction == nil else { throw .other("ERR MULTI calls can not be nested") }
        transaction = Transaction()
        out.ok()
    }

    func queue(_ command: Command, _ frame: Span<UInt8>) {
        // A frame is copied whole: its arguments are most of it.
        transaction?.byteCount += frame.count
        guard let byteCount = transaction?.byteCount, byteCount <= RESPFramer.longestCommand else {
            transaction = Transaction(byteCount: RESPFramer.longestCommand, hasErrors: true)
            return out.error("ERR the transaction is longer than \(RESPFramer.longestCommand) bytes")
        }
        transaction?.commands.append((command, Arguments(copying: arg), [UInt8](frame)))
        out.simple("QUEUED")
    }

    func exec() throws(ReplyError) {
        guard let queued = transaction else { throw .other("ERR EXEC without MULTI") }
        // A watched key that has expired meanwhile has changed: looking it up removes it.
        for (keys, key) in watched { _ = keys.find(key.span) }
        let isStale = watchedHaveChanged
        transaction = nil
        unwatchAll()
        guard !queued.hasErrors else {
            throw .other("EXECABORT Transaction discarded because of previous errors.")
        }
        guard !isStale else { return out.nullArray() }
        out.array(queued.commands.count)
        for (command, arguments, frame) in queued.commands {
            arg.replace(by: arguments)
            run(command, frame.span)
        }
    }

    func discard() throws(ReplyError) {
        guard transaction != nil else { throw .other("ERR DISCARD without MULTI") }
        transaction = nil
        unwatchAll()
        out.ok()
    }

    func watch(_ frame: Span<UInt8>) throws(ReplyError) {
        guard transaction == nil else { throw .other("ERR WATCH inside MULTI is not allowed") }
        for index in 1..<arg.count {
            let key = bytes(frame, index)
            _ = keys.find(key.span)
            guard keys.watch(key, by: self) else { continue }
            watched.append((keys, key))
        }
        out.ok()
    }

    func unwatch() {
        unwatchAll()
        out.ok()
    }

    func unwatchAll() {
        for (keys, key) in watched { keys.unwatch(key, by: self) }
        watched = []
        watchedHaveChanged = false
    }

    func watchedKeyChanged() {
        watchedHaveChanged = true
    }
}
