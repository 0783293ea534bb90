/// A claim to an adopted socket, until it is released: a second adoption is refused.
final class AdoptionClaim: Sendable {
    private struct Key: Hashable, Sendable {
        let socket: SocketIdentity
        /// The reactor of a listening socket, which several reactors may share; `nil` for a connection, which they cannot.
        let owner: ObjectIdentifier?
    }

    /// All claims of the process.
    private static let claimed = Locked<Set<Key>>([])

    private let key: Key
    private let isActive = Locked(true)

    /// - Returns: `nil` if there is one for the same socket and owner.
    private init?(_ key: Key) {
        self.key = key
        guard AdoptionClaim.claimed.withLock({ $0.insert(key).inserted }) else {
            isActive.withLock { $0 = false }
            return nil
        }
    }

    deinit {
        release()
    }

    /// Claims a connection for the process.
    ///
    /// - Returns: `nil` if the engine knows no such socket; adopting it reports the error.
    /// - Throws: `.alreadyAdopted` if it is claimed.
    static func connection(
        _ fd: Int32, _ engine: any ReactorEngine
    ) throws(AdoptError) -> AdoptionClaim? {
        try claim(fd, engine, owner: nil)
    }

    /// Claims a listening socket for one reactor.
    static func listener(
        _ fd: Int32, _ engine: any ReactorEngine
    ) throws(AdoptError) -> AdoptionClaim? {
        try claim(fd, engine, owner: ObjectIdentifier(engine))
    }

    @inline(never)
    private static func claim(
        _ fd: Int32, _ engine: any ReactorEngine, owner: ObjectIdentifier?
    ) throws(AdoptError) -> AdoptionClaim? {
        guard let socket = engine.sockets.identity(of: fd) else { return nil }
        guard let claim = AdoptionClaim(Key(socket: socket, owner: owner)) else {
            throw .alreadyAdopted(descriptor: fd)
        }
        return claim
    }

    /// Ends the claim when the socket is closed here: it may be adopted again.
    func release() {
        let wasActive = isActive.withLock { isActive in
            defer { isActive = false }
            return isActive
        }
        if wasActive { _ = AdoptionClaim.claimed.withLock { $0.remove(key) } }
    }
}
