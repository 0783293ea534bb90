import EventReactorCore
import EventReactorPosix
import Glibc

/// The addresses that a group listens at, and which of its reactors do.
final class GroupListeners: Sendable {
    private struct Entry: Sendable {
        let number: Int
        /// What was asked for: the port may be 0.
        let asked: SocketAddress
        let actual: SocketAddress
        var places: Set<Int>
        let isOfSetUp: Bool
        /// Where one reactor accepts for all.
        let distributor: AcceptDistributor?
    }

    private struct Contents: Sendable {
        var entries: [Entry] = []
        var lastNumber = 0
    }

    /// What a reactor listens by.
    enum Seat: ~Copyable {
        /// A socket of its own; what is accepted there may be for others.
        case socket(ListeningSocket, number: Int, distributor: AcceptDistributor?)
        /// What another reactor hands over.
        case handed(number: Int, distributor: AcceptDistributor, address: SocketAddress)
    }

    private let accepting: ReactorGroup.Accepting
    private let hasOwnTables: Bool
    private let contents = Locked(Contents())

    init(accepting: ReactorGroup.Accepting, hasOwnTables: Bool) {
        self.accepting = accepting
        self.hasOwnTables = hasOwnTables
    }

    /// The addresses, in the order in which they were first listened at.
    var addresses: [SocketAddress] {
        contents.withLock { $0.entries.map(\.actual) }
    }

    /// Has a reactor listen at an address, together with those of the group that do already.
    ///
    /// The first takes the address for itself, so that another program that has it is an error as it is without a
    /// group. During set-up a port that the system chose for one reactor is what the others get.
    func enter(
        _ place: Int, at asked: SocketAddress, backlog: Int, options: ListenOptions, mode: UInt16?, isSettingUp: Bool
    ) throws(ListenError) -> Seat {
        // UNIX sockets cannot share an address.
        let handing = asked.family == .unix ? accepting.handing ?? .inTurn : accepting.handing
        if handing != nil && hasOwnTables {
            throw .system(
                SystemError(
                    code: EOPNOTSUPP, operation: "listen in a group with private descriptor tables", address: asked))
        }
        var seat: Seat?
        var failure: ListenError?
        // The socket is made under the lock: two reactors may ask for the same address at once.
        contents.withLock { contents in
            let found = contents.entries.firstIndex { entry in
                let fits =
                    asked.port == 0 ? isSettingUp && entry.isOfSetUp && entry.asked == asked : entry.actual == asked
                return fits && !entry.places.contains(place)
            }
            if let found, let distributor = contents.entries[found].distributor {
                contents.entries[found].places.insert(place)
                let entry = contents.entries[found]
                seat = .handed(number: entry.number, distributor: distributor, address: entry.actual)
                return
            }
            var options = options
            let isShared = handing == nil
            if found != nil { options.reusePort = true }
            do throws(ListenError) {
                let socket = try ListeningSocket(
                    at: found.map { contents.entries[$0].actual } ?? asked, backlog: backlog, options: options,
                    mode: mode, letsOthersJoin: isShared)
                if let found {
                    contents.entries[found].places.insert(place)
                    seat = .socket(socket, number: contents.entries[found].number, distributor: nil)
                } else {
                    contents.lastNumber += 1
                    let entry = Entry(
                        number: contents.lastNumber, asked: asked, actual: socket.address, places: [place],
                        isOfSetUp: isSettingUp, distributor: handing.map { AcceptDistributor($0) })
                    contents.entries.append(entry)
                    seat = .socket(socket, number: entry.number, distributor: entry.distributor)
                }
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return seat.take()!
    }

    /// A reactor listens there no more; where it accepted for all, nobody does.
    func leave(_ place: Int, number: Int, accepts: Bool) {
        contents.withLock { contents in
            guard let index = contents.entries.firstIndex(where: { $0.number == number }) else { return }
            contents.entries[index].places.remove(place)
            let isOver =
                contents.entries[index].places.isEmpty || (accepts && contents.entries[index].distributor != nil)
            if isOver { contents.entries.remove(at: index) }
        }
    }
}
