public import EventReactorCore

/// A range of addresses that begin with the same bits, such as `10.0.0.0/8`: whom to trust, for example.
///
/// ```swift
/// let balancers = try ["10.1.0.0/16", "2001:db8::/32", "192.0.2.7"].map { try AddressPrefix($0) }
/// ```
public struct AddressPrefix: Hashable, Sendable {
    private enum Range: Hashable, Sendable {
        case ipv4(UInt32, mask: UInt32)
        case ipv6(high: UInt64, low: UInt64, highMask: UInt64, lowMask: UInt64)
        case unix
    }

    private let range: Range
    private let bits: Int

    private init(_ range: Range, bits: Int) {
        self.range = range
        self.bits = bits
    }

    /// Reads a prefix: an address and the number of bits that count, or an address alone for just that one.
    ///
    /// - Throws: ``AddressPrefixError``.
    public init(_ text: String) throws(AddressPrefixError) {
        let parts = ByteText.split(ByteText.bytes(text), keepsEmpty: true, at: "/")
        let host = String(decoding: parts[0], as: UTF8.self)
        // A scope names an interface of this machine, which a range of addresses has no place for.
        guard parts.count <= 2, !parts[0].contains(where: { $0 == UInt8(ascii: "%") || $0 == UInt8(ascii: "[") }),
            let address = try? SocketAddress(ip: host, port: 0)
        else { throw .malformed(text) }
        let width = address.family == .ipv4 ? 32 : 128
        let bits = parts.count == 1 ? width : ByteText.number(parts[1]) ?? -1
        guard 0...width ~= bits else { throw .badLength(text, most: width) }
        switch address.storage {
        case .ipv4(let number, _):
            let mask = UInt32(truncatingIfNeeded: AddressPrefix.mask(bits + 32))
            guard number & ~mask == 0 else { throw .bitsBeyondLength(text) }
            self.init(.ipv4(number, mask: mask), bits: bits)
        case .ipv6(let high, let low, _, _):
            let masks = (AddressPrefix.mask(min(bits, 64)), AddressPrefix.mask(max(bits - 64, 0)))
            guard high & ~masks.0 == 0, low & ~masks.1 == 0 else { throw .bitsBeyondLength(text) }
            self.init(.ipv6(high: high, low: low, highMask: masks.0, lowMask: masks.1), bits: bits)
        case .unix: throw .malformed(text)
        }
    }

    /// Every peer at a UNIX socket: whom the permissions of its file let connect.
    public static let unix = AddressPrefix(.unix, bits: 0)

    /// This machine's loopback addresses, `127.0.0.0/8` and `::1`.
    public static let loopback = [
        AddressPrefix(.ipv4(0x7F00_0000, mask: 0xFF00_0000), bits: 8),
        AddressPrefix(.ipv6(high: 0, low: 1, highMask: .max, lowMask: .max), bits: 128),
    ]

    /// Every address of every family.
    public static let everyone = [
        AddressPrefix(.ipv4(0, mask: 0), bits: 0),
        AddressPrefix(.ipv6(high: 0, low: 0, highMask: 0, lowMask: 0), bits: 0),
        .unix,
    ]

    /// Whether an address is in the range; its port and scope do not count.
    ///
    /// An IPv4-mapped IPv6 address (`::ffff:192.0.2.1`) is in the ranges of IPv4 as well.
    public func contains(_ address: SocketAddress) -> Bool {
        switch (range, address.storage) {
        case (.ipv4(let prefix, let mask), .ipv4(let number, _)): return number & mask == prefix
        case (.ipv4(let prefix, let mask), .ipv6(0, let low, _, _)):
            return low >> 32 == 0xFFFF && UInt32(truncatingIfNeeded: low) & mask == prefix
        case (.ipv6(let high, let low, let highMask, let lowMask), .ipv6(let otherHigh, let otherLow, _, _)):
            return otherHigh & highMask == high && otherLow & lowMask == low
        case (.unix, .unix): return true
        default: return false
        }
    }

    /// A mask of 64 bits, the first so many of them set.
    private static func mask(_ bits: Int) -> UInt64 { bits == 0 ? 0 : UInt64.max << (64 - bits) }
}

extension AddressPrefix: CustomStringConvertible {
    /// The prefix in the form that is read, such as `10.0.0.0/8`; `unix` for ``unix``.
    public var description: String {
        switch range {
        case .ipv4(let number, _): "\(SocketAddress(ipv4Bits: number, port: 0).host ?? "")/\(bits)"
        case .ipv6(let high, let low, _, _):
            "\(SocketAddress(ipv6High: high, low: low, scope: 0, port: 0).host ?? "")/\(bits)"
        case .unix: "unix"
        }
    }
}
