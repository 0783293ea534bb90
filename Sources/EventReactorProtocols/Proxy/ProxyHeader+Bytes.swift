extension ProxyHeader {
    /// The header as it is sent.
    ///
    /// Fields that a version does not have are left out: see ``init(version:source:destination:extensions:)``. The scope of an IPv6
    /// address is, too.
    ///
    /// - Parameter checksum: whether version 2 has a checksum (CRC-32C); none unless given, as TCP has its own.
    /// - Throws: ``ProxyError/notSendable(byteCount:)`` for more extensions than one header can have.
    public func bytes(checksum: Bool = false) throws(ProxyError) -> [UInt8] {
        switch version {
        case .v1: ProxyLine.bytes(of: self)
        case .v2: try ProxyBlock.bytes(of: self, summed: checksum)
        }
    }

    /// Reads a header from the beginning of bytes.
    ///
    /// - Parameters:
    ///   - bytes: all that has arrived.
    ///   - maximumLength: the most bytes of addresses and extensions of version 2; 4,096 unless given.
    /// - Returns: the header and its length in bytes; nil if it is not complete.
    /// - Throws: ``ProxyError``; ``ProxyError/missing`` if the bytes do not begin as a header does.
    public static func parse(
        _ bytes: Span<UInt8>, maximumLength: Int = ProxySettings.defaultMaximumLength
    ) throws(ProxyError) -> (header: ProxyHeader, byteCount: Int)? {
        var parser = ProxyHeaderParser(maximumLength: maximumLength)
        switch try parser.read(bytes) {
        case .needsMore: return nil
        case .noHeader: throw .missing
        case .header(let header, let consumed): return (header, consumed)
        }
    }
}
