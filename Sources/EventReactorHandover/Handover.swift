public import EventReactorCore
import EventReactorPosix

/// The listening sockets of a predecessor: the version of this program that serves now and is to be replaced.
///
/// The same program is the first one, the successor and the predecessor in turn:
///
/// ```swift
/// let reactor = try Reactor()
/// let before = try Handover.take(path: "/run/echo/handover")
/// let port = try reactor.listen(.tcp(port: 8007), adopting: before?["echo"]) { Echo() }
/// try reactor.offerHandover(path: "/run/echo/handover", ports: ["echo": port], after: before, drainingFor: .seconds(30))
/// try reactor.run()
/// ```
///
/// The predecessor goes on undisturbed until the successor's reactor runs: whatever fails before, its failure to start
/// among it, costs no connection.
///
/// What the successor's reactor has not adopted by then is closed and reported.
public final class Handover {
    /// The ports that the predecessor handed over; a port that listens at two addresses is one entry.
    public let ports: [InheritedSockets]

    /// Called by ``ready(timeout:)`` for each port that was handed over and that no reactor adopted; unless set, a line on
    /// the standard error.
    ///
    /// Where `offerHandover` tells the predecessor, it is the reactor's ``ReactorBase/onDiagnostic`` that is called.
    public var onDiagnostic: (ReactorDiagnostic) -> Void = { StandardError.print("swift-event-reactor: \($0)\n") }

    /// The handover's own socket, by which the next successor will ask.
    package let own: InheritedSockets?

    /// The path at which it was taken.
    package let path: String

    private var link: HandoverLink?

    private init(path: String, link: HandoverLink, sockets: [InheritedSockets]) {
        self.path = path
        self.link = link
        own = sockets.first { $0.name == HandoverWire.ownName }
        ports = sockets.filter { $0.name != HandoverWire.ownName }
    }

    /// The sockets of the port that the predecessor offered under a name, or nil where it offered none.
    public subscript(name: String) -> InheritedSockets? { ports.first { $0.name == name } }

    /// Asks the program that offers its listening sockets at a path for them.
    ///
    /// It blocks, and is for the start of a program. Both programs have to be of the same user, or the other one root's.
    ///
    /// - Parameters:
    ///   - path: where the predecessor called `offerHandover`.
    ///   - timeout: how long the predecessor may take to answer; less than no time counts as none.
    /// - Returns: nil where nobody offers anything there: this is the first one.
    /// - Throws: ``HandoverError``; the predecessor goes on and no descriptor is left behind.
    public static func take(path: String, timeout: Duration = .seconds(5)) throws(HandoverError) -> Handover? {
        let address: SocketAddress
        do throws(AddressError) { address = try .unix(path: path) } catch { throw .invalidPath(error) }
        let deadline = HandoverLink.deadline(after: timeout)
        while true {
            guard let link = try HandoverLink.connect(to: address, deadline: deadline, timeout: timeout) else {
                return nil
            }
            if let user = try link.untrustedUser { throw .untrusted(user: user) }
            do throws(HandoverError) {
                return Handover(path: path, link: link, sockets: try ask(link))
            } catch {
                // One that ends just now, or is handing over to another: who offers at the path is asked again.
                guard error == .peerGone, !link.hasHeard else { throw error }
                try link.pause()
            }
        }
    }

    private static func ask(_ link: HandoverLink) throws(HandoverError) -> [InheritedSockets] {
        try link.say(HandoverWire.request)
        // By name from the first batch on, so that an error closes them.
        var groups: [InheritedSockets] = []
        var count = 0
        while true {
            let (batch, left) = try link.hearSockets()
            let added = InheritedSockets.grouped(batch)
            for group in added {
                for descriptor in group.descriptors {
                    do throws(AdoptError) { try AdoptedSocket.checkListener(descriptor) } catch {
                        throw .unusable(name: group.name, error)
                    }
                }
            }
            for group in added {
                if let known = groups.first(where: { $0.name == group.name }) {
                    for descriptor in group.takeDescriptors() { known.append(descriptor) }
                } else {
                    groups.append(group)
                }
            }
            count += batch.count
            if left == 0 { return groups }
            guard count + left <= HandoverWire.socketLimit else { throw .malformed("\(count + left) sockets") }
            try link.say(HandoverWire.more)
        }
    }

    /// Tells the predecessor that this program serves now, and waits until it has stopped accepting.
    ///
    /// It blocks. It is for programs that offer nothing to a successor of their own: `offerHandover` tells by itself.
    /// Sockets that no reactor has adopted when the predecessor has stopped are closed, since peers would wait there for
    /// ever, and reported to ``onDiagnostic``. The socket at which the predecessor was asked is closed too: for later
    /// programs ``take(path:timeout:)`` returns nil.
    ///
    /// - Parameter timeout: how long the predecessor may take to answer.
    /// - Throws: ``HandoverError/withdrawn`` where the predecessor goes on after all, and another where that cannot be
    ///   known. Where the predecessor has gone meanwhile, all is well.
    public func ready(timeout: Duration = .seconds(5)) throws(HandoverError) {
        guard let link else { return }
        link.setTimeout(timeout)
        do throws(HandoverError) {
            try link.say(HandoverWire.ready)
            let answer = try link.hear()
            guard answer == HandoverWire.yours else { throw .malformed(answer) }
        } catch {
            if error != .peerGone { throw error }
        }
        self.link = nil
        closeUnadopted(reporting: onDiagnostic)
        // It cannot be called again, and may have captured this object.
        onDiagnostic = { _ in }
    }

    /// Closes the sockets that no reactor has adopted: at an open socket without a reactor peers would wait for ever.
    func closeUnadopted(reporting report: (ReactorDiagnostic) -> Void) {
        own?.closeAll()
        for port in ports where !port.descriptors.isEmpty {
            let addresses = port.addresses
            port.closeAll()
            report(.notAdopted(name: port.name, addresses: addresses))
        }
    }

    /// The connection to the predecessor, for a reactor to go on with; nil once that has been told.
    package func takeLink() -> Int32? {
        defer { link = nil }
        return link?.takeDescriptor()
    }
}

@available(*, unavailable)
extension Handover: Sendable {}
