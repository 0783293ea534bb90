import EventReactor

/// Channels: subscribing and publishing.
extension Session {
    func subscribe(_ frame: Span<UInt8>, toPatterns: Bool) {
        for index in 1..<arg.count {
            let name = bytes(frame, index)
            if toPatterns, patterns.insert(name).inserted {
                server.patterns[name, default: []].append(self)
            } else if !toPatterns, channels.insert(name).inserted {
                server.channels[name, default: []].append(self)
            }
            subscriptionCount = channels.count + patterns.count
            confirm(toPatterns ? "psubscribe" : "subscribe", name)
        }
        // A subscriber that does not read would make the server keep every message for it.
        transport.writeBufferLimit = Server.messageLimit
    }

    func unsubscribe(_ frame: Span<UInt8>, fromPatterns: Bool) {
        let word = fromPatterns ? "punsubscribe" : "unsubscribe"
        let all = Array(fromPatterns ? patterns : channels)
        let names = arg.count > 1 ? (1..<arg.count).map { bytes(frame, $0) } : all
        if names.isEmpty { confirm(word, nil) }
        for name in names {
            removeSubscription(name, isPattern: fromPatterns)
            confirm(word, name)
        }
        if subscriptionCount == 0 { transport.writeBufferLimit = Server.replyLimit }
    }

    private func confirm(_ word: String, _ name: [UInt8]?) {
        out.push(3)
        out.bulk(word)
        if let name { out.bulk(name.span) } else { out.null() }
        out.integer(subscriptionCount)
    }

    func removeSubscription(_ name: [UInt8], isPattern: Bool) {
        func remove(_ lists: inout [[UInt8]: [Session]]) {
            lists[name]?.removeAll { $0 === self }
            if lists[name]?.isEmpty == true { lists[name] = nil }
        }
        if isPattern ? patterns.remove(name) == nil : channels.remove(name) == nil { return }
        if isPattern { remove(&server.patterns) } else { remove(&server.channels) }
        subscriptionCount = channels.count + patterns.count
    }

    func publish(_ frame: Span<UInt8>) {
        let channel = frame.extracting(arg[1])
        let message = frame.extracting(arg[2])
        var count = 0
        if let subscribers = server.channels[[UInt8](channel)] {
            send(to: subscribers) { messages in
                messages.push(3)
                messages.bulk("message")
                messages.bulk(channel)
                messages.bulk(message)
            }
            count += subscribers.count
        }
        for (pattern, subscribers) in server.patterns where channel.matches(pattern.span) {
            send(to: subscribers) { messages in
                messages.push(4)
                messages.bulk("pmessage")
                messages.bulk(pattern.span)
                messages.bulk(channel)
                messages.bulk(message)
            }
            count += subscribers.count
        }
        out.integer(count)
    }

    /// Encodes a message once for each version of the protocol, and writes it to all.
    private func send(to subscribers: [Session], _ encode: (Output) -> Void) {
        for isRESP3 in [false, true] {
            server.messages.clear()
            for session in subscribers where session.isRESP3 == isRESP3 {
                if server.messages.count == 0 {
                    server.messages.isRESP3 = isRESP3
                    encode(server.messages)
                }
                // Behind the replies that this client has coming.
                if session === self { out.flush(to: transport) }
                server.messages.write(to: session.transport)
            }
        }
    }
}
