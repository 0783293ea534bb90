/// The address of one end of a connection: IPv4, IPv6 or UNIX-domain.
///
/// It is a value of 24 bytes that any thread may use, equal to another one with the same family, address, scope and
/// port. An IP address owns no heap memory. It is numeric and never a host name: resolving names gives socket
/// addresses.
///
/// ```swift
/// let address = try SocketAddress(ip: "::1", port: 8007)
/// print(address)  // [::1]:8007
/// print(address.isLoopback)  // true
/// ```
public struct SocketAddress: Hashable, Sendable {
    /// The address family.
    public enum Family: Hashable, Sendable {
        /// Internet protocol version 4.
        case ipv4
        /// Internet protocol version 6.
        case ipv6
        /// UNIX-domain: a path, a Linux abstract name, or no name at all.
        case unix
    }

    /// The parts of an address, in the host's byte order.
    ///
    /// Fields are ordered from widest to narrowest: the tag then fits into the padding, and the whole into 24 bytes.
    package enum Storage: Hashable, Sendable {
        case ipv4(bits: UInt32, port: UInt16)
        case ipv6(high: UInt64, low: UInt64, scope: UInt32, port: UInt16)
        case unix(UnixName)
    }

    package let storage: Storage

    /// Parses a numeric IPv4 or IPv6 address.
    ///
    /// IPv4 is four decimal numbers without leading zeros. IPv6 is any form of RFC 4291, with or without square
    /// brackets; its scope is an interface's index (`fe80::1%2`) or name (`fe80::1%eth0`, which the system looks up
    /// once, in this call). An IPv4-mapped address such as `::ffff:192.0.2.1` stays IPv6.
    ///
    /// - Parameters:
    ///   - ip: The address as text. A host name such as `localhost` is rejected.
    ///   - port: The port, 0...65535. If the address is listened at, 0 lets the system choose a port.
    /// - Throws: ``AddressError/invalidPort(_:)``, ``AddressError/emptyHost`` or
    ///   ``AddressError/invalidAddress(_:)``; the last also for an interface that does not exist.
    public init(ip: String, port: Int) throws(AddressError) {
        let port = try AddressError.checkPort(port)
        storage = try IPText.parse(ip, port: port)
    }

    /// Creates the address of a UNIX-domain socket at a path.
    ///
    /// A path that begins with a NUL is a Linux abstract name: it is outside the file system, the NUL does not count
    /// towards its length, and further NULs are allowed.
    ///
    /// - Parameter path: The path: at most 107 bytes of UTF-8 (103 on Apple systems), the kernel's limit.
    /// - Returns: The address. The file system is not accessed.
    /// - Throws: ``AddressError/emptyPath``, ``AddressError/pathTooLong(path:limit:)`` or
    ///   ``AddressError/pathContainsNUL(_:)``.
    public static func unix(path: String) throws(AddressError) -> SocketAddress {
        SocketAddress(storage: .unix(try UnixName(path: path)))
    }

    /// Creates the address of a UNIX-domain socket in Linux's abstract namespace.
    ///
    /// An abstract name has no file and no permissions, and needs no cleaning up: it disappears with its last socket.
    /// Other systems reject it when a socket is bound or connected to it.
    ///
    /// - Parameter name: The name without its leading NUL, at most 107 bytes of UTF-8. It may contain NULs.
    /// - Returns: The address.
    /// - Throws: ``AddressError/emptyPath`` or ``AddressError/pathTooLong(path:limit:)``.
    public static func abstract(_ name: String) throws(AddressError) -> SocketAddress {
        SocketAddress(storage: .unix(try UnixName(abstract: name)))
    }

    /// The address of a UNIX-domain socket that is not bound to a name, as most clients' sockets are.
    public static var unnamedUnix: SocketAddress {
        SocketAddress(unixBytes: [])
    }

    /// Creates an IPv4 address from its 32 bits and its port, both in the host's byte order.
    package init(ipv4Bits: UInt32, port: UInt16) {
        self.init(storage: .ipv4(bits: ipv4Bits, port: port))
    }

    /// Creates an IPv6 address from the two halves of its 128 bits, its scope and its port, all in the host's byte
    /// order.
    package init(ipv6High: UInt64, low: UInt64, scope: UInt32, port: UInt16) {
        self.init(storage: .ipv6(high: ipv6High, low: low, scope: scope, port: port))
    }

    /// Creates a UNIX-domain address from the bytes of `sun_path` that the kernel's length covers.
    ///
    /// No bytes give the unnamed address, a leading NUL an abstract name; a path ends at its first NUL, if it has one.
    package init(unixBytes: [UInt8]) {
        self.init(storage: .unix(UnixName(raw: unixBytes)))
    }

    private init(storage: Storage) {
        self.storage = storage
    }

    /// The bytes for `sun_path`, without a path's terminating NUL; empty for the unnamed address and for IP.
    package var unixBytes: [UInt8] {
        guard case .unix(let name) = storage else { return [] }
        return name.bytes
    }

    /// The same address with another port; a UNIX-domain address, which has no port, is returned unchanged.
    package func withPort(_ port: UInt16) -> SocketAddress {
        switch storage {
        case .ipv4(let bits, _): SocketAddress(ipv4Bits: bits, port: port)
        case .ipv6(let high, let low, let scope, _):
            SocketAddress(ipv6High: high, low: low, scope: scope, port: port)
        case .unix: self
        }
    }
}

extension SocketAddress {
    /// The address family.
    public var family: Family {
        switch storage {
        case .ipv4: .ipv4
        case .ipv6: .ipv6
        case .unix: .unix
        }
    }

    /// The IP address as text, without its port; `nil` for a UNIX-domain address.
    ///
    /// IPv6 has the form of RFC 5952, without brackets; a scope other than zero follows as its index: `fe80::1%2`.
    ///
    /// - Complexity: O(1), but the text is formatted each time.
    public var host: String? {
        switch storage {
        case .ipv4(let bits, _): IPText.ipv4(bits)
        case .ipv6(let high, let low, let scope, _):
            scope == 0 ? IPText.ipv6(high, low) : "\(IPText.ipv6(high, low))%\(scope)"
        case .unix: nil
        }
    }

    /// The port, 0...65535; `nil` for a UNIX-domain address.
    public var port: Int? {
        switch storage {
        case .ipv4(_, let port), .ipv6(_, _, _, let port): Int(port)
        case .unix: nil
        }
    }

    /// The path of a UNIX-domain address; `nil` for an IP address and for the unnamed UNIX address.
    ///
    /// An abstract name has its leading NUL, the form that ``unix(path:)`` accepts. A peer's path may have bytes that
    /// are not valid UTF-8: they read as U+FFFD, and addresses whose bytes differ are unequal all the same.
    ///
    /// - Complexity: O(n) in the bytes of the path.
    public var path: String? {
        guard case .unix(let name) = storage, !name.bytes.isEmpty else { return nil }
        return String(decoding: name.bytes, as: UTF8.self)
    }

    /// Whether this is a name in Linux's abstract namespace.
    public var isAbstract: Bool {
        guard case .unix(let name) = storage else { return false }
        return name.isAbstract
    }

    /// Whether this is a loopback address: `127.0.0.0/8`, also as IPv4-mapped IPv6, or `::1`.
    ///
    /// False for UNIX-domain addresses: they are local too, but use no loopback interface.
    public var isLoopback: Bool {
        switch storage {
        case .ipv4(let bits, _): bits >> 24 == 127
        case .ipv6(0, 1, _, _): true
        case .ipv6(let high, let low, _, _): IPText.mappedIPv4(high, low).map { $0 >> 24 == 127 } ?? false
        case .unix: false
        }
    }

    /// Whether this is the wildcard address, which means every address of the machine: `0.0.0.0`, also as IPv4-mapped
    /// IPv6, or `::`.
    public var isWildcard: Bool {
        switch storage {
        case .ipv4(let bits, _): bits == 0
        case .ipv6(let high, let low, _, _): (high == 0 && low == 0) || IPText.mappedIPv4(high, low) == 0
        case .unix: false
        }
    }
}

extension SocketAddress: CustomStringConvertible {
    /// The address for people and logs, such as `127.0.0.1:8007`, `[fe80::1%2]:80`, `unix:/run/x.sock`, `unix:@name`.
    ///
    /// The unnamed address is `unix:(unnamed)`. Control characters and other invisible characters in a path are
    /// escaped: a peer chooses its own path, and must not be able to write lines into a log.
    public var description: String {
        switch storage {
        case .ipv4(let bits, let port): "\(IPText.ipv4(bits)):\(port)"
        case .ipv6(_, _, _, let port): "[\(host ?? "")]:\(port)"
        case .unix(let name): "unix:" + name.description
        }
    }
}
