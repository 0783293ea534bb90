import EventReactorCore
import EventReactorPosix

/// The addresses that a group listens at, and the reactors that do.
final class GroupListeners: Sendable {
    final class Entry {
        let id: Int
        /// The address that was asked for: its port may be 0.
        let asked: SocketAddress
        let actual: SocketAddress
        /// The indices of the reactors that listen.
        var members: [Int]
        let isOfSetUp: Bool
        /// Set if one reactor accepts for all.
        let distributor: AcceptDistributor?

        init(
            id: Int, asked: SocketAddress, actual: SocketAddress, member: Int, isOfSetUp: Bool,
            distributor: AcceptDistributor?
        ) {
            self.id = id
            self.asked = asked
            self.actual = actual
            members = [member]
            self.isOfSetUp = isOfSetUp
            self.distributor = distributor
        }
    }

    struct Contents {
        var entries: [Entry] = []
        var lastID = 0
    }

    /// A reactor's way to listen at an address.
    ///
    /// An object, since values that own a socket take much code to move.
    final class Seat {
        let id: Int
        let address: SocketAddress
        let distributor: AcceptDistributor?
        /// The reactor's own socket; `nil` if another reactor accepts.
        var socket: ListeningSocket?

        init(_ entry: Entry, socket: consuming ListeningSocket?) {
            id = entry.id
            address = entry.actual
            distributor = entry.distributor
            self.socket = socket
        }
    }

    let accepting: ReactorGroup.Accepting
    let hasOwnTables: Bool
    let contents = Locked(Contents())

    init(accepting: ReactorGroup.Accepting, hasOwnTables: Bool) {
        self.accepting = accepting
        self.hasOwnTables = hasOwnTables
    }
}
