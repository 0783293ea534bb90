package import EventReactorCore

extension Resolver {
    /// The addresses of a host, found on a thread of a pool if that may take time; the completion is called later.
    package static func resolve(
        host: String, port: UInt16, for reactor: ReactorBase,
        completion: @escaping (Result<[SocketAddress], ConnectError>) -> Void
    ) -> PendingResult? {
        if let address = try? SocketAddress(ip: host, port: Int(port)) {
            reactor.callSoon { completion(.success([address])) }
            return nil
        }
        return ask(for: host, of: reactor, completion) {
            Result { () throws(ConnectError) in try resolveToConnect(host: host, port: port) }
        }
    }

    /// The same for the addresses to listen at.
    package static func resolveToListen(
        host: String, port: UInt16, for reactor: ReactorBase,
        completion: @escaping (Result<[SocketAddress], ListenError>) -> Void
    ) -> PendingResult? {
        ask(for: host, of: reactor, completion) {
            Result { () throws(ListenError) in try resolveToListen(host: host, port: port) }
        }
    }

    private static func ask<Failure: Error>(
        for host: String, of reactor: ReactorBase,
        _ completion: @escaping (Result<[SocketAddress], Failure>) -> Void,
        resolve: @escaping @Sendable () -> Result<[SocketAddress], Failure>
    ) -> PendingResult {
        let (pending, deliver) = reactor.awaitResult { (result: Result<Result<[SocketAddress], Failure>, any Error>) in
            if case .success(let answer) = result { completion(answer) }
        }
        let lookup = NameLookup(of: host, for: reactor.queue) { deliver(.success(resolve())) }
        pending.setWork(lookup)
        lookup.start()
        return pending
    }
}
