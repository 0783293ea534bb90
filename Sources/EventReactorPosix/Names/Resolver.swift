package import EventReactorCore
import Glibc

/// Names to addresses, by the system's `getaddrinfo`: `/etc/hosts`, DNS and whatever else the machine is set up for.
package enum Resolver {
    /// What the resolver said.
    package struct Failure: Error {
        package let message: String
    }

    /// Resolves a host, which may block: an address at once, a name by asking.
    ///
    /// - Parameter passive: whether the addresses are for listening; then an empty host means all of this machine's.
    package static func resolve(host: String, port: UInt16, passive: Bool) throws(Failure) -> [SocketAddress] {
        if let address = try? SocketAddress(ip: host, port: Int(port)) { return [address] }
        if passive && host.isEmpty {
            return [
                SocketAddress(ipv4Bits: 0, port: port), SocketAddress(ipv6High: 0, low: 0, scope: 0, port: port),
            ]
        }
        // A C string ends at its first NUL: what comes after would be ignored in silence.
        guard !host.utf8.contains(0) else { throw Failure(message: "the name contains a NUL") }
        var hints = unsafe addrinfo()
        unsafe hints.ai_family = AF_UNSPEC
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        if passive { unsafe hints.ai_flags = AI_PASSIVE }
        var list: UnsafeMutablePointer<addrinfo>?
        let code = unsafe getaddrinfo(host, nil, &hints, &list)
        guard code == 0 else {
            let words = code == EAI_SYSTEM ? ErrnoText.message(errno) : unsafe String(cString: gai_strerror(code))
            throw Failure(message: words)
        }
        defer { unsafe freeaddrinfo(list) }
        var addresses: [SocketAddress] = []
        var next = unsafe list
        while let entry = unsafe next {
            if let form = unsafe entry.pointee.ai_addr {
                let address = unsafe SocketAddress(kernelForm: form, length: entry.pointee.ai_addrlen).withPort(port)
                if !addresses.contains(address) { addresses.append(address) }
            }
            unsafe next = entry.pointee.ai_next
        }
        guard !addresses.isEmpty else { throw Failure(message: "the name has no address") }
        return addresses
    }

    package static func resolveToListen(host: String, port: UInt16) throws(ListenError) -> [SocketAddress] {
        do throws(Failure) {
            return try resolve(host: host, port: port, passive: true)
        } catch {
            throw .unresolvable(host: host, message: error.message)
        }
    }

    package static func resolveToConnect(host: String, port: UInt16) throws(ConnectError) -> [SocketAddress] {
        do throws(Failure) {
            return try resolve(host: host, port: port, passive: false)
        } catch {
            throw .unresolvable(host: host, message: error.message)
        }
    }
}
