import EventReactorCore

/// The system's resolver: `getaddrinfo` on a thread of a pool, for names that need it.
struct SystemResolver: NameResolver {
    private let reactor: ReactorBase

    package init(reactor: ReactorBase) {
        self.reactor = reactor
    }

    package func resolve(
        _ host: String, port: UInt16, toListen: Bool,
        completion: @escaping (Result<[SocketAddress], NameError>) -> Void
    ) -> PendingResult? {
        if !toListen, let address = try? SocketAddress(ip: host, port: Int(port)) {
            reactor.callSoon { completion(.success([address])) }
            return nil
        }
        let (pending, deliver) = reactor.awaitResult { (result: Result<[SocketAddress], any Error>) in
            completion(result.mapError { $0 as? NameError ?? NameError("") })
        }
        let lookup = NameLookup(of: host, for: reactor.queue) {
            deliver(Result { try AddressLookup.addresses(of: host, port: port, toListen: toListen) })
        }
        pending.setWork(lookup)
        lookup.start()
        return pending
    }

    package func resolveToListen(_ host: String, port: UInt16) throws(NameError) -> [SocketAddress] {
        try AddressLookup.addresses(of: host, port: port, toListen: true)
    }
}
