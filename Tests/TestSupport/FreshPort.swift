import EventReactorCore
import Glibc
import Synchronization

/// Ports for tests that close one, and then check who has it: a port that the system chose for port 0 may be another
/// process's by then.
///
/// They lie below the system's ephemeral ports (32768 to 60999 by default), and each is handed out once in a
/// process, as long as there are any. Other processes that run tests have the same range, and begin elsewhere in it.
package enum FreshPort {
    private static let range = 10_000..<32_000

    private static let last = Atomic<Int>(Int.random(in: range))

    private static var candidate: Int {
        range.lowerBound + last.wrappingAdd(1, ordering: .relaxed).newValue % range.count
    }

    /// Listens at a port that nothing else listens at.
    package static func listen<Port>(_ body: (Int) throws -> Port) throws -> Port {
        var tries = range.count
        while true {
            do {
                return try body(candidate)
            } catch ListenError.addressInUse where tries > 0 {
                tries -= 1
            }
        }
    }

    /// A port that nothing listens at, on either family.
    package static func next() -> Int {
        var port = candidate
        while !isFree(port) { port = candidate }
        return port
    }

    private static func isFree(_ port: Int) -> Bool {
        var name4 = sockaddr_in()
        name4.sin_family = sa_family_t(AF_INET)
        name4.sin_port = in_port_t(port).bigEndian
        var name6 = sockaddr_in6()
        name6.sin6_family = sa_family_t(AF_INET6)
        name6.sin6_port = in_port_t(port).bigEndian
        return canBind(AF_INET, name4) && canBind(AF_INET6, name6)
    }

    private static func canBind<Name>(_ family: Int32, _ name: Name) -> Bool {
        let descriptor = socket(family, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        // Without the family, or a descriptor to ask with, the test's own listen reports it.
        guard descriptor >= 0 else { return true }
        defer { close(descriptor) }
        if family == AF_INET6 {
            var isAlone: Int32 = 1
            unsafe setsockopt(
                descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY, &isAlone, socklen_t(MemoryLayout<Int32>.size))
        }
        return unsafe withUnsafeBytes(of: name) { name in
            unsafe name.withMemoryRebound(to: sockaddr.self) {
                unsafe bind(descriptor, $0.baseAddress, socklen_t(MemoryLayout<Name>.size)) == 0
            }
        }
    }
}
