import EventReactor
import TestSupport

extension ReactorGroup.Configuration {
    /// No stop signals: tests run in parallel, and a signal to the process must stop none of them.
    static var quiet: Self {
        var configuration = Self()
        configuration.reactor.stopSignals = []
        return configuration
    }

    /// Each thread of the group has a descriptor table of its own.
    static var withPrivateTables: Self {
        var configuration = Self()
        configuration.privateDescriptorTables = true
        return configuration
    }
}

extension ReactorGroup {
    /// A group that answers with the index of the serving reactor, at a port of 127.0.0.1 that the system chooses by
    /// default.
    static func answeringWithIndex(
        _ count: Int, _ configuration: Configuration = .quiet, port: Int = 0
    ) throws -> ReactorGroup {
        try ReactorGroup(count: count, configuration: configuration) { reactor in
            try reactor.listenTCP(port: port, host: "127.0.0.1") { [unowned reactor] in IndexAnswerer(reactor) }
        }
    }
    /// Blocks the threads of reactors, given by index, until the gate that it returns is opened.
    ///
    /// - Parameter body: called on each of the threads when it goes on.
    func block(_ indices: [Int], then body: @escaping @Sendable (Reactor) -> Void = { _ in }) async -> Gate {
        let gate = Gate()
        let blocked = Shared(0)
        for index in indices {
            remotes[index].callFromThread { reactor in
                blocked.change { $0 += 1 }
                gate.wait()
                body(reactor)
            }
        }
        while blocked.value < indices.count { await Task.yield() }
        return gate
    }
}
