import EventReactorCore
import EventReactorSockets
import Glibc
import Synchronization

/// The round in which connections that one reactor accepts are given to those of its group.
final class HandOver: Sendable {
    private struct Target: Sendable {
        let place: Int
        let queue: RemoteQueue
        let load: ReactorLoad
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

    func add(_ place: Int, queue: RemoteQueue, load: ReactorLoad) {
        round.withLock { $0.targets.append(Target(place: place, queue: queue, load: load)) }
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
        guard let target = choose(), target.place != place else { return false }
        let load = target.load
        let connection = HandedConnection(descriptor)
        load.announce()
        target.queue.post { reactor in
            load.arrived {
                (reactor as? Reactor)?.membership?.inboxes[number]?.arrived(connection, from: peer)
            }
        }
        return true
    }

    private func choose() -> Target? {
        round.withLock { round in
            var best: Target?
            for step in round.targets.indices {
                let index = (round.next + step) % round.targets.count
                let target = round.targets[index]
                guard target.isOpen else { continue }
                if let known = best, known.load.expected <= target.load.expected { continue }
                best = target
                if rule == .inTurn {
                    round.next = index + 1
                    return best
                }
            }
            round.next += 1
            return best
        }
    }
}

/// A descriptor on its way to another thread; it is closed where nobody takes it.
final class HandedConnection: Sendable {
    private let descriptor: Atomic<Int32>

    init(_ descriptor: Int32) {
        self.descriptor = Atomic(descriptor)
    }

    deinit {
        let rest = take()
        if rest >= 0 { _ = close(rest) }
    }

    func take() -> Int32 {
        descriptor.exchange(-1, ordering: .acquiringAndReleasing)
    }
}
