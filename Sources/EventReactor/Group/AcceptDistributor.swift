import EventReactorCore
import EventReactorPosix
import Glibc
import Synchronization

/// The round in which connections that one reactor accepts are given to those of its group.
final class AcceptDistributor: Sendable {
    private struct Target: Sendable {
        let place: Int
        let queue: RemoteQueue
        let load: ReactorLoad
        let port: PortLoad
        var isOpen = true
    }

    private struct Round: Sendable {
        var targets: [Target] = []
        var next = 0
    }

    private let rule: ReactorGroup.Accepting.Handing
    private let round = Locked(Round())

    init(_ rule: ReactorGroup.Accepting.Handing) {
        self.rule = rule
    }

    func add(_ place: Int, queue: RemoteQueue, load: ReactorLoad, port: PortLoad) {
        round.withLock { $0.targets.append(Target(place: place, queue: queue, load: load, port: port)) }
    }

    func remove(_ place: Int) {
        round.withLock { $0.targets.removeAll { $0.place == place } }
    }

    /// Leaves a reactor out of the round, or takes it in again.
    func set(_ place: Int, isOpen: Bool) {
        round.withLock { round in
            for index in round.targets.indices where round.targets[index].place == place {
                round.targets[index].isOpen = isOpen
            }
        }
    }

    /// Gives a connection away.
    ///
    /// - Returns: false where it is for the reactor that accepted it.
    func give(_ descriptor: Int32, from peer: SocketAddress, acceptedBy place: Int, number: Int) -> Bool {
        // Posted under the lock: a reactor that has left the round is given nothing any more.
        round.withLock { round in
            guard let target = choose(from: &round, for: peer, acceptedBy: place), target.place != place else {
                return false
            }
            let load = target.load
            let connection = TransferredSocket(descriptor, from: peer, underWayTo: target.port)
            load.announce()
            target.queue.post { reactor in
                load.arrived {
                    (reactor as? Reactor)?.membership?.inboxes[number]?.arrived(connection)
                }
            }
            return true
        }
    }

    /// The reactor whose turn it is, of those that have room; nil where none has.
    ///
    /// A connection for another reactor is counted as under way there. The one that accepted it takes what no other
    /// has room for, or does with it what its limits say.
    private func choose(from round: inout Round, for peer: SocketAddress, acceptedBy place: Int) -> Target? {
        let count = round.targets.count
        var order = round.targets.indices.map { (round.next + $0) % count }
        if rule == .toFewestConnections {
            let expected = round.targets.map(\.load.expected)
            // In the order of the round where they have as many.
            order = order.enumerated().sorted {
                (expected[$0.element], $0.offset) < (expected[$1.element], $1.offset)
            }.map(\.element)
        }
        for index in order where round.targets[index].isOpen {
            let target = round.targets[index]
            guard target.place == place ? !target.port.isFull : target.port.reserve(for: peer) else { continue }
            round.next = rule == .inTurn ? index + 1 : round.next + 1
            return target
        }
        return nil
    }
}

/// A descriptor on its way to another thread; it is closed where that does not take it.
final class TransferredSocket: Sendable {
    let peer: SocketAddress
    private let descriptor: Atomic<Int32>
    private let port: PortLoad

    /// - Parameter port: where it is counted as under way, until this object goes.
    init(_ descriptor: Int32, from peer: SocketAddress, underWayTo port: PortLoad) {
        self.descriptor = Atomic(descriptor)
        self.peer = peer
        self.port = port
    }

    deinit {
        let rest = take()
        if rest >= 0 { _ = close(rest) }
        port.settle(peer)
    }

    func take() -> Int32 {
        descriptor.exchange(-1, ordering: .acquiringAndReleasing)
    }
}
