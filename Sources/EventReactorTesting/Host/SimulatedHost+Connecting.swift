extension SimulatedHost {
    func listen(
        from source: ListenerSource, options: ListenOptions, for port: ListeningPort
    ) throws(ListenError) -> any ListenerEngine {
        guard case .address(var address, let backlog, _) = source else { throw .notAdoptable(.unsupported) }
        let isOurs = address.isWildcard || address.family == .unix || network.host(at: address, from: self) === self
        guard isOurs else {
            throw .system(SystemError(code: Code.notAvailable, operation: "bind", address: address))
        }
        if address.port == 0 { address = address.withPort(makePort()) }
        let others = network.listeners(of: self) { $0.conflicts(with: address) }
        guard others.allSatisfy({ $0.reusesPort && options.reusePort }) else {
            throw .addressInUse(SystemError(code: Code.inUse, operation: "bind", address: address))
        }
        return network.makeListener(at: address, backlog: backlog, options: options, host: self, port: port)
    }

    func resolve(
        _ host: String, port: UInt16, toListen: Bool,
        completion: @escaping (Result<[SocketAddress], NameError>) -> Void
    ) -> PendingResult? {
        let answer = Result { () throws(NameError) in
            toListen ? try resolveToListen(host, port: port) : [try address(of: host, port: port)]
        }
        reactor.callSoon { completion(answer) }
        return nil
    }

    func resolveToListen(_ host: String, port: UInt16) throws(NameError) -> [SocketAddress] {
        if host.isEmpty {
            return [
                SocketAddress(ipv4Bits: 0, port: port), SocketAddress(ipv6High: 0, low: 0, scope: 0, port: port),
            ]
        }
        return [try address(of: host, port: port)]
    }

    private func address(of host: String, port: UInt16) throws(NameError) -> SocketAddress {
        if let address = try? SocketAddress(ip: host, port: Int(port)) { return address }
        if let known = network.address(of: host) { return known.withPort(port) }
        if host == "localhost" { return SocketAddress(ipv4Bits: 127 << 24 | 1, port: port) }
        throw NameError("no host of the simulated network has this name")
    }

    func connect(
        to address: SocketAddress, from local: SocketAddress?, options: StreamOptions,
        completion: @escaping (Result<Int32, ConnectError>) -> Void
    ) -> any ConnectAttempt {
        let target = address.isWildcard ? address.loopback : address
        let host = target.family == .unix ? self : network.host(at: target, from: self)
        let attempt = network.makeConnect(
            from: self, to: host, target: target, local: local ?? ownAddress(for: target, at: host), options: options,
            completion: completion)
        network.record(.connects, from: attempt)
        if let local, let problem = bindProblem(local) {
            attempt.end(.failure(.bindFailed(SystemError(code: problem, operation: "bind", address: local))))
        } else if isOutOfDescriptors {
            attempt.end(
                .failure(.system(SystemError(code: Code.noDescriptor, operation: "socket", address: target))))
        } else if host == nil {
            attempt.end(
                .failure(
                    .unreachable(SystemError(code: Code.unreachable, operation: "connect", address: target))))
        } else {
            attempt.hangs = network.faults.draw(.hangingConnects) { $0.oneIn(8) ? true : nil } ?? false
            if attempt.hangs { network.record(.hangs, from: attempt) }
            attempt.attempt()
        }
        return attempt
    }

    private func bindProblem(_ local: SocketAddress) -> Int32? {
        guard local.isWildcard || network.host(at: local, from: self) === self else { return Code.notAvailable }
        return network.listeners(of: self) { $0.conflicts(with: local) }.isEmpty ? nil : Code.inUse
    }

    private func ownAddress(for target: SocketAddress, at host: SimulatedHost?) -> SocketAddress {
        switch target.family {
        case .unix: .unnamedUnix
        case .ipv4, .ipv6: host === self ? target.withPort(0) : address
        }
    }

    func close(_ descriptor: Int32, reset: Bool, endsForAll: Bool) {
        network.socket(descriptor)?.close(reset: reset)
    }
}

extension SocketAddress {
    /// The loopback address of the same family, at the same port.
    fileprivate var loopback: SocketAddress {
        let port = UInt16(truncatingIfNeeded: port ?? 0)
        return family == .ipv4
            ? SocketAddress(ipv4Bits: 127 << 24 | 1, port: port)
            : SocketAddress(ipv6High: 0, low: 1, scope: 0, port: port)
    }
}

extension SimulatedListener {
    /// Whether an address cannot be bound while this listener has its own.
    fileprivate func conflicts(with other: SocketAddress) -> Bool {
        guard isOpen, address.family == other.family else { return false }
        if address.family == .unix { return address == other }
        return address.port == other.port && (address == other || address.isWildcard || other.isWildcard)
    }
}
