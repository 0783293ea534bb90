import EventReactorCore
import Glibc

/// Names to addresses by `getaddrinfo`: `/etc/hosts`, DNS and whatever else the machine is set up for.
enum AddressLookup {
    /// Resolves a host, which may block the thread; an address is parsed at once.
    @inline(never)
    package static func addresses(
        of host: String, port: UInt16, toListen: Bool
    ) throws(NameError) -> [SocketAddress] {
        if let address = try? SocketAddress(ip: host, port: Int(port)) { return [address] }
        if toListen && host.isEmpty {
            return [
                SocketAddress(ipv4Bits: 0, port: port), SocketAddress(ipv6High: 0, low: 0, scope: 0, port: port),
            ]
        }
        // A C string ends at its first NUL: the rest would be ignored silently.
        guard !ByteText.hasNUL(host) else { throw NameError("the name contains a NUL") }
        var hints = unsafe addrinfo()
        unsafe hints.ai_family = AF_UNSPEC
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        if toListen { unsafe hints.ai_flags = AI_PASSIVE }
        var list: UnsafeMutablePointer<addrinfo>?
        let code = unsafe getaddrinfo(host, nil, &hints, &list)
        guard code == 0 else {
            throw NameError(code == EAI_SYSTEM ? ErrnoText.message(errno) : unsafe String(cString: gai_strerror(code)))
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
        guard !addresses.isEmpty else { throw NameError("the name has no address") }
        return addresses
    }
}
