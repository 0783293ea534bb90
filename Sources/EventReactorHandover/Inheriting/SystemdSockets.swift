import EventReactorCore
import Glibc

/// The sockets that systemd passes to a service it starts by socket activation: `LISTEN_FDS` and its companions.
///
/// ```swift
/// let systemd = try SystemdSockets.take()
/// try reactor.listen(.tcp(port: 8007), adopting: systemd?["echo.socket"]) { Echo() }
/// ```
///
/// Sockets that no reactor has adopted are closed with this object.
public final class SystemdSockets {
    /// All of them, in the order of their first descriptors; those that share a name are one entry.
    public let all: [InheritedSockets]

    private init(all: [InheritedSockets]) {
        self.all = all
    }

    /// The sockets of one name: that of the socket unit, `echo.socket` for one, unless its `FileDescriptorName=` says
    /// otherwise.
    ///
    /// If the service manager gave no names, all sockets are `unknown`.
    public subscript(name: String) -> InheritedSockets? { all.first { $0.name == name } }

    /// Takes ownership of the sockets that systemd has passed to this process.
    ///
    /// Call it once, as the program begins and before it has other threads: it removes `LISTEN_FDS`, `LISTEN_PID` and
    /// `LISTEN_FDNAMES` from the environment, on errors too, so that no child mistakes them for its own. The descriptors
    /// are made close-on-exec.
    ///
    /// - Returns: `nil` if this process was not started by socket activation.
    /// - Throws: ``SystemdError`` if the variables are malformed; no descriptor has been changed then.
    public static func take() throws(SystemdError) -> SystemdSockets? {
        let names = ["LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES"]
        let values = names.map { name in unsafe getenv(name).map { unsafe String(cString: $0) } }
        for name in names + ["LISTEN_PIDFDID"] { unsafe unsetenv(name) }
        return try parse(descriptors: values[0], process: values[1], names: values[2], own: getpid())
    }

    /// The same from given values.
    package static func parse(
        descriptors: String?, process: String?, names: String?, own: Int32, first: Int32 = 3
    ) throws(SystemdError) -> SystemdSockets? {
        guard let process, let descriptors else { return nil }
        guard let wanted = number(process), wanted > 0 else {
            throw .malformed(variable: "LISTEN_PID", value: process)
        }
        // Meant for the process that started this one.
        guard wanted == own else { return nil }
        guard let count = number(descriptors), count <= Int32.max - first else {
            throw .malformed(variable: "LISTEN_FDS", value: descriptors)
        }
        guard count > 0 else { return nil }
        let range = first..<first + count
        // The first that is not open reveals a wrong count, however large, at once.
        if let closed = range.first(where: { fcntl($0, F_GETFD) < 0 }) { throw .notOpen(descriptor: closed) }
        var labels = [String](repeating: "unknown", count: Int(count))
        if let names {
            labels = names.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
            guard labels.count == range.count else { throw .nameCount(names: labels.count, descriptors: range.count) }
        }
        for descriptor in range { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
        return SystemdSockets(all: InheritedSockets.grouped(Array(zip(labels, range))))
    }

    /// A number as the service manager writes it: digits alone.
    private static func number(_ text: String) -> Int32? {
        text.utf8.allSatisfy { 0x30...0x39 ~= $0 } ? Int32(text) : nil
    }
}

@available(*, unavailable)
extension SystemdSockets: Sendable {}

extension InheritedSockets {
    /// Sockets of the same name together, in the order in which the names first occur.
    package static func grouped(_ entries: [(name: String, descriptor: Int32)]) -> [InheritedSockets] {
        var groups: [InheritedSockets] = []
        var indices: [String: Int] = [:]
        for (name, descriptor) in entries {
            if let index = indices[name] {
                groups[index].append(descriptor)
            } else {
                indices[name] = groups.count
                groups.append(InheritedSockets(name: name, descriptors: [descriptor]))
            }
        }
        return groups
    }
}
