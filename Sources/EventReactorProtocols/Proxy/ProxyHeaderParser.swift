/// A reader of PROXY headers that arrive in pieces, for connections that are not the library's.
///
/// ```swift
/// var parser = ProxyHeaderParser()
/// switch try parser.read(data) {
/// case .needsMore: break
/// case .noHeader: serve(parser.pending, data)
/// case .header(let header, let consumed): begin(header, data.extracting(droppingFirst: consumed))
/// }
/// ```
///
/// It looks at each byte once, however small the pieces are, and keeps no more than the header has.
public struct ProxyHeaderParser: Sendable {
    /// The result of reading a piece.
    public enum Step: Hashable, Sendable {
        /// All bytes belong to a header that is not complete, or may: the next piece is wanted.
        case needsMore
        /// The bytes are no header: they are the data, ``ProxyHeaderParser/pending`` first and then all of the piece.
        case noHeader
        /// The header is complete, with so many bytes of the piece; the others are the data.
        case header(ProxyHeader, consumed: Int)
    }

    private enum State {
        /// A signature may begin here.
        case beginning
        case line
        /// In the first bytes of a block.
        case prefix
        /// In a block of this length in all.
        case block(Int)
        case ended
    }

    private var state = State.beginning
    private let maximumLength: Int

    /// The bytes of earlier pieces, which belong to a header or may.
    public private(set) var pending: [UInt8] = []

    /// Whether the bytes up to now are the beginning of a header for sure.
    public var isInHeader: Bool {
        switch state {
        case .beginning, .ended: false
        case .line, .prefix, .block: true
        }
    }

    /// Makes a parser for one header.
    ///
    /// - Parameter maximumLength: the most bytes of addresses and extensions of version 2; 4,096 unless given.
    public init(maximumLength: Int = ProxySettings.defaultMaximumLength) {
        self.maximumLength = maximumLength
    }

    /// Reads the next piece.
    ///
    /// - Returns: how far the header is; after its end, and after an error, ``Step/noHeader``.
    /// - Throws: ``ProxyError`` as soon as a byte cannot belong to a header that began.
    /// - Complexity: O(n) in the bytes of the piece that belong to the header.
    public mutating func read(_ piece: Span<UInt8>) throws(ProxyError) -> Step {
        let before = pending.count
        do throws(ProxyError) {
            return try advance(piece, before)
        } catch {
            end()
            throw error
        }
    }

    private mutating func advance(_ piece: Span<UInt8>, _ before: Int) throws(ProxyError) -> Step {
        var index = 0
        while index < piece.count {
            switch state {
            case .beginning:
                let signature =
                    (pending.first ?? piece[index]) == ProxyLine.signature[0]
                    ? ProxyLine.signature : ProxyBlock.signature
                guard piece[index] == signature[pending.count] else {
                    pending.removeLast(pending.count - before)
                    state = .ended
                    return .noHeader
                }
                pending.append(piece[index])
                index += 1
                guard pending.count == signature.count else { continue }
                state = signature.count == ProxyLine.signature.count ? .line : .prefix
            case .line:
                pending.append(piece[index])
                index += 1
                let count = pending.count
                if pending[count - 1] == UInt8(ascii: "\n"), pending[count - 2] == UInt8(ascii: "\r") {
                    return .header(try ProxyLine.parse(end()), consumed: index)
                }
                guard count < ProxyLine.maximumLength else { throw .lineTooLong }
            case .prefix:
                pending.append(piece[index])
                index += 1
                guard let length = try ProxyBlock.check(pending, limit: maximumLength) else { continue }
                state = .block(length)
                if length == pending.count { return .header(try ProxyBlock.parse(end()), consumed: index) }
            case .block(let length):
                let count = min(length - pending.count, piece.count - index)
                for offset in index..<index + count { pending.append(piece[offset]) }
                index += count
                if length == pending.count { return .header(try ProxyBlock.parse(end()), consumed: index) }
            case .ended: return .noHeader
            }
        }
        return .needsMore
    }

    /// Ends reading, and gives up the header's bytes.
    @discardableResult
    private mutating func end() -> [UInt8] {
        defer { pending = [] }
        state = .ended
        return pending
    }
}
