/// Says that a socket which others made serves here, until it is released: a second adoption is refused.
package final class AdoptionClaim: Sendable {
    private struct Key: Hashable, Sendable {
        let socket: SocketIdentity
        /// The reactor for listening sockets, which several may share; nil for connections, which none can.
        let owner: ObjectIdentifier?
    }

    /// All that are held in the process.
    private static let held = Locked<Set<Key>>([])

    private let key: Key
    private let isHeld = Locked(true)

    /// - Returns: nil where there is one for the same socket and owner already.
    private init?(_ key: Key) {
        self.key = key
        guard AdoptionClaim.held.withLock({ $0.insert(key).inserted }) else {
            isHeld.withLock { $0 = false }
            return nil
        }
    }

    deinit {
        release()
    }

    /// Takes a connection for the process, or says that it is taken.
    ///
    /// - Returns: nil where the engine knows of no such socket; what is wrong with it shows as it is adopted.
    static func connection(
        _ descriptor: Int32, _ engine: any ReactorEngine
    ) throws(AdoptError) -> AdoptionClaim? {
        try claim(descriptor, engine, owner: nil)
    }

    /// Takes a listening socket for one reactor, or says that it is taken.
    static func listener(
        _ descriptor: Int32, _ engine: any ReactorEngine
    ) throws(AdoptError) -> AdoptionClaim? {
        try claim(descriptor, engine, owner: ObjectIdentifier(engine))
    }

    private static func claim(
        _ descriptor: Int32, _ engine: any ReactorEngine, owner: ObjectIdentifier?
    ) throws(AdoptError) -> AdoptionClaim? {
        guard let socket = engine.identity(of: descriptor) else { return nil }
        guard let claim = AdoptionClaim(Key(socket: socket, owner: owner)) else {
            throw .alreadyAdopted(descriptor: descriptor)
        }
        return claim
    }

    /// The socket is closed here: it may be adopted again.
    func release() {
        let wasHeld = isHeld.withLock { isHeld in
            defer { isHeld = false }
            return isHeld
        }
        if wasHeld { _ = AdoptionClaim.held.withLock { $0.remove(key) } }
    }
}
