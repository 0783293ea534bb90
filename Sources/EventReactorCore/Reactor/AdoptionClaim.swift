/// A claim to an adopted socket, until it is released: a second adoption is refused.
final class AdoptionClaim: Sendable {
    private struct Key: Equatable, Sendable {
        let socket: SocketIdentity
        /// The reactor of a listening socket, which several reactors may share; `nil` for a connection, which they cannot.
        let owner: ObjectIdentifier?
    }

    /// The claims to sockets with the same inode: all to the same socket, in almost every case.
    private final class KeyList {
        var keys: [Key] = []
    }

    /// All claims of the process: lists by inode, of the dictionary type of `ObjectTable`, which saves 4 KB.
    private static let claimed = Locked<[UInt64: AnyObject]>([:])

    private let key: Key
    private let isActive = Locked(true)

    /// - Returns: `nil` if there is one for the same socket and owner.
    private init?(_ key: Key) {
        self.key = key
        guard AdoptionClaim.claimed.withLock({ AdoptionClaim.insert(key, into: &$0) }) else {
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
        if wasActive { AdoptionClaim.claimed.withLock { AdoptionClaim.remove(key, from: &$0) } }
    }

    private static func insert(_ key: Key, into claimed: inout [UInt64: AnyObject]) -> Bool {
        let list = claimed[key.socket.inode].map { unsafe unsafeDowncast($0, to: KeyList.self) } ?? KeyList()
        for known in list.keys where known == key { return false }
        list.keys.append(key)
        claimed[key.socket.inode] = list
        return true
    }

    private static func remove(_ key: Key, from claimed: inout [UInt64: AnyObject]) {
        guard let list = claimed[key.socket.inode].map({ unsafe unsafeDowncast($0, to: KeyList.self) }) else { return }
        list.keys.removeAll { $0 == key }
        if list.keys.isEmpty { claimed[key.socket.inode] = nil }
    }
}
