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
/// The predecessor continues undisturbed until the successor's reactor runs: an earlier failure, even a failure to start,
/// costs no connection. Sockets that the successor's reactor has not adopted by then are closed and reported.
public final class Handover {
    /// The ports that the predecessor handed over; a port that listens at two addresses is one entry.
    public let ports: [InheritedSockets]

    /// Called by ``ready(timeout:)`` for each port that was handed over and that no reactor adopted.
    ///
    /// Default: prints a line on the standard error.
    ///
    /// If `offerHandover` informs the predecessor, the reactor's ``ReactorBase/onDiagnostic`` is called instead.
    public var onDiagnostic: (ReactorDiagnostic) -> Void = { StandardError.print("swift-event-reactor: \($0)\n") }

    /// The handover's own socket, at which the next successor will ask.
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

    /// The sockets of the port that the predecessor offered under a name, or `nil` if it offered none.
    public subscript(name: String) -> InheritedSockets? { ports.first { $0.name == name } }

    /// Asks the program that offers its listening sockets at a path for them.
    ///
    /// It blocks, and is for the start of a program. Both programs have to be of the same user, or the other one root's.
    ///
    /// - Parameters:
    ///   - path: the path with which the predecessor called `offerHandover`.
    ///   - timeout: time for the predecessor to answer. Default: 5 s; negative counts as zero.
    /// - Returns: `nil` if no program offers sockets there: this is the first one.
    /// - Throws: ``HandoverError``; the predecessor continues and no descriptor is left open.
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
                // It ends just now, or is handing over to another program, which is asked then.
                guard error == .peerGone, !link.hasReceived else { throw error }
                try link.pause()
            }
        }
    }

    private static func ask(_ link: HandoverLink) throws(HandoverError) -> [InheritedSockets] {
        try link.send(HandoverWire.request)
        // By name from the first batch on, so that an error closes them.
        var groups: [InheritedSockets] = []
        var count = 0
        while true {
            let (batch, left) = try link.receiveSockets()
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
            try link.send(HandoverWire.more)
        }
    }

    /// Informs the predecessor that this program serves now, and waits until it has stopped accepting.
    ///
    /// It blocks. It is for programs that offer nothing to a successor of their own: `offerHandover` does this itself.
    /// Sockets that no reactor has adopted when the predecessor has stopped are closed, since peers would wait there for
    /// ever, and reported to ``onDiagnostic``. The socket at which the predecessor was asked is closed too: for later
    /// programs ``take(path:timeout:)`` returns nil.
    ///
    /// - Parameter timeout: time for the predecessor to answer. Default: 5 s.
    /// - Throws: ``HandoverError/withdrawn`` if the predecessor continues to serve, and another error if that is unknown.
    ///   A predecessor that has ended meanwhile is no error.
    public func ready(timeout: Duration = .seconds(5)) throws(HandoverError) {
        guard let link else { return }
        link.setTimeout(timeout)
        do throws(HandoverError) {
            try link.send(HandoverWire.ready)
            let answer = try link.receiveLine()
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

    /// Transfers ownership of the connection to the predecessor to the caller; `nil` once it was informed.
    func takeLink() -> Int32? {
        defer { link = nil }
        return link?.takeDescriptor()
    }
}

@available(*, unavailable)
extension Handover: Sendable {}
