import EventReactorCore
import EventReactorPosix

extension AcceptDistributor {
    func add(_ target: Target) {
        round.withLock { $0.targets.append(target) }
    }

    func remove(_ index: Int) {
        round.withLock { $0.targets.removeAll { $0.index == index } }
    }

    /// Leaves a reactor out of the round, or includes it again.
    func set(_ index: Int, isOpen: Bool) {
        round.withLock { round in
            guard let found = round.targets.firstIndex(where: { $0.index == index }) else { return }
            round.targets[found].isOpen = isOpen
        }
    }

    /// Passes a connection to the reactor whose turn it is.
    ///
    /// - Parameter address: the id of the address at which it was accepted.
    /// - Returns: false if it is for the reactor that accepted it.
    func give(_ descriptor: Int32, from peer: SocketAddress, acceptedBy index: Int, address: Int) -> Bool {
        // Posted under the lock: a reactor that has left the round gets no more connections.
        round.withLock { round in
            guard let target = choose(from: &round, for: peer, acceptedBy: index), target.index != index else {
                return false
            }
            let load = target.load
            let connection = TransferredSocket(descriptor, from: peer, underWayTo: target.port)
            load.announce()
            target.queue.post { reactor in
                load.arrived {
                    (reactor as? Reactor)?.membership?.inbox(of: address)?.arrived(connection)
                }
            }
            return true
        }
    }

    /// The reactor whose turn it is, of those that have room; `nil` if none has.
    ///
    /// A connection for another reactor is counted as under way there. The one that accepted it keeps what no other has
    /// room for, and applies its limits.
    private func choose(from round: inout Round, for peer: SocketAddress, acceptedBy index: Int) -> Target? {
        let count = round.targets.count
        let expected = rule == .toFewestConnections ? round.targets.map(\.load.expected) : []
        var left = round.targets.indices.filter { round.targets[$0].isOpen }
        while !left.isEmpty {
            // The first in the round, or of those with the fewest connections the first in the round.
            func rank(_ index: Int) -> (Int, Int) {
                (expected.isEmpty ? 0 : expected[index], (index - round.next % count + count) % count)
            }
            var best = 0
            for candidate in left.indices where rank(left[candidate]) < rank(left[best]) { best = candidate }
            let found = left.remove(at: best)
            let target = round.targets[found]
            guard target.index == index ? !target.port.isFull : target.port.reserve(for: peer) else { continue }
            round.next = rule == .inTurn ? found + 1 : round.next + 1
            return target
        }
        return nil
    }
}
