import COpenSSL
import EventReactorCore

/// Where a client keeps sessions, by server, to resume them: a handshake with one takes a round trip or the checking of
/// certificates less.
///
/// A session of TLS 1.3 serves one connection, so that connections of a client cannot be linked by it (RFC 8446, C.4);
/// up to four are kept for a server. It may be shared by threads.
public final class TLSSessionCache: Sendable {
    /// The most servers that sessions are kept for; the one that was used longest ago is forgotten first.
    public let capacity: Int

    private struct Entry {
        var sessions: [Session]
        var lastUse: UInt64
    }

    private struct Contents {
        var entries: [String: Entry] = [:]
        var clock: UInt64 = 0
    }

    private static let sessionsPerServer = 4
    private let contents = Locked(Contents())

    /// An empty cache.
    ///
    /// - Parameter capacity: the most servers; less than 1 keeps nothing.
    public init(capacity: Int) {
        self.capacity = max(0, capacity)
    }

    /// The number of servers that sessions are kept for.
    public var count: Int { contents.withLock { $0.entries.count } }

    /// Forgets all sessions.
    public func removeAll() {
        contents.withLock { $0.entries = [:] }
    }

    /// Takes over a reference to a session.
    func add(taking pointer: OpaquePointer, for server: String) {
        let session = unsafe Session(taking: pointer)
        guard capacity > 0 else { return }
        contents.withLock { contents in
            contents.clock += 1
            var entry = contents.entries[server] ?? Entry(sessions: [], lastUse: 0)
            entry.sessions.append(session)
            if entry.sessions.count > TLSSessionCache.sessionsPerServer { entry.sessions.removeFirst() }
            entry.lastUse = contents.clock
            contents.entries[server] = entry
            guard contents.entries.count > capacity else { return }
            if let oldest = contents.entries.min(by: { $0.value.lastUse < $1.value.lastUse }) {
                contents.entries[oldest.key] = nil
            }
        }
    }

    /// A session for a server, if there is one that can be resumed.
    func take(for server: String) -> Session? {
        contents.withLock { contents in
            contents.clock += 1
            guard var entry = contents.entries[server] else { return nil }
            entry.lastUse = contents.clock
            while let session = entry.sessions.popLast() {
                guard session.isResumable else { continue }
                // One of TLS 1.2 may be used again.
                if !session.servesOnce { entry.sessions.append(session) }
                contents.entries[server] = entry.sessions.isEmpty ? nil : entry
                return session
            }
            contents.entries[server] = nil
            return nil
        }
    }

    /// A session, retained.
    ///
    /// `@unchecked Sendable`: OpenSSL counts references atomically, and changes none of it.
    @safe
    final class Session: @unchecked Sendable {
        let pointer: OpaquePointer

        init(taking pointer: OpaquePointer) {
            unsafe self.pointer = pointer
        }

        deinit {
            unsafe SSL_SESSION_free(pointer)
        }

        var isResumable: Bool { unsafe SSL_SESSION_is_resumable(pointer) == 1 }
        var servesOnce: Bool { unsafe SSL_SESSION_get_protocol_version(pointer) == TLS1_3_VERSION }
    }
}
