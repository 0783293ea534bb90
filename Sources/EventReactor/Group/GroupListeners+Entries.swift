import EventReactorCore
import EventReactorPosix
import Glibc

extension GroupListeners {
    /// The addresses, in the order in which they were first listened at.
    var addresses: [SocketAddress] {
        contents.withLock { $0.entries.map(\.actual) }
    }

    /// Has a reactor listen at an address, together with those of the group that do already.
    ///
    /// The first takes the address for itself, so that an address another program has is an error, as it is without a
    /// group. During set-up a port that the system chose for one reactor is what the others get.
    func enter(
        _ index: Int, at asked: SocketAddress, backlog: Int, options: ListenOptions, mode: UInt16?, isSettingUp: Bool
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
        // The socket is created under the lock: two reactors may ask for the same address at once.
        contents.withLock { contents in
            let found = contents.entries.firstIndex { entry in
                let fits =
                    asked.port == 0 ? isSettingUp && entry.isOfSetUp && entry.asked == asked : entry.actual == asked
                return fits && !entry.members.contains(index)
            }
            if let found, contents.entries[found].distributor != nil {
                contents.entries[found].members.append(index)
                seat = Seat(contents.entries[found], socket: nil)
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
                    contents.entries[found].members.append(index)
                    seat = Seat(contents.entries[found], socket: socket)
                } else {
                    contents.lastID += 1
                    let entry = Entry(
                        id: contents.lastID, asked: asked, actual: socket.address, member: index,
                        isOfSetUp: isSettingUp, distributor: handing.map { AcceptDistributor($0) })
                    contents.entries.append(entry)
                    seat = Seat(entry, socket: socket)
                }
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return seat!
    }

    /// A reactor has stopped listening there; if it accepted for all, the entry ends.
    func leave(_ index: Int, address id: Int, accepts: Bool) {
        contents.withLock { contents in
            guard let found = contents.entries.firstIndex(where: { $0.id == id }) else { return }
            contents.entries[found].members.removeAll { $0 == index }
            let isOver =
                contents.entries[found].members.isEmpty || (accepts && contents.entries[found].distributor != nil)
            if isOver { contents.entries.remove(at: found) }
        }
    }
}
