import EventReactorProtocols
import EventReactorTesting

/// Headers for tests, and what a parser makes of bytes in pieces.
enum HeaderSamples {
    static let signature: [UInt8] = [0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A]

    static func line(_ text: String) -> [UInt8] { [UInt8](text.utf8) }

    /// A header of version 2 by its parts.
    static func block(_ command: UInt8, _ family: UInt8, _ body: [UInt8], count: Int? = nil) -> [UInt8] {
        let count = count ?? body.count
        return signature + [command, family, UInt8(count >> 8), UInt8(count & 0xFF)] + body
    }

    static let ipv4Body: [UInt8] = [192, 0, 2, 1, 198, 51, 100, 2, 0xDB, 0xC4, 0x01, 0xBB]

    /// The outcome of reading: as the parser says it, with the error in place of a step.
    enum Outcome: Hashable {
        case step(ProxyHeaderParser.Step)
        case refused(ProxyError)
    }

    /// The last outcome, with the bytes of the whole that were consumed.
    struct Reading: Hashable {
        var outcome: Outcome
        /// The bytes that are data by then.
        var data: [UInt8]
    }

    static func read(_ bytes: [UInt8], sizes: [Int], maximumLength: Int = 4096) -> Reading {
        var parser = ProxyHeaderParser(maximumLength: maximumLength)
        var start = 0
        var sizes = sizes[...]
        while start < bytes.count {
            let size = min(max(1, sizes.popFirst() ?? bytes.count), bytes.count - start)
            let piece = [UInt8](bytes[start..<start + size])
            do throws(ProxyError) {
                switch try parser.read(piece.span) {
                case .needsMore: break
                case .noHeader:
                    return Reading(outcome: .step(.noHeader), data: parser.pending + bytes[start...])
                case .header(let header, let consumed):
                    // The count is that of the piece, which differs between ways to split.
                    return Reading(
                        outcome: .step(.header(header, consumed: 0)), data: [UInt8](bytes[(start + consumed)...]))
                }
            } catch {
                return Reading(outcome: .refused(error), data: [])
            }
            start += size
        }
        return Reading(outcome: .step(.needsMore), data: [])
    }

    static func header(_ bytes: [UInt8]) -> ProxyHeader? {
        if case .step(.header(let header, _)) = read(bytes, sizes: []).outcome { return header }
        return nil
    }

    static func error(_ bytes: [UInt8]) -> ProxyError? {
        if case .refused(let error) = read(bytes, sizes: []).outcome { return error }
        return nil
    }

    @discardableResult
    static func parse(_ bytes: [UInt8]) throws(ProxyError) -> (header: ProxyHeader, byteCount: Int)? {
        try ProxyHeader.parse(bytes.span)
    }

    // MARK: Random ones

    static func address(_ random: inout SeededRandom, _ family: Int) -> SocketAddress {
        let port = random.integer(in: 0...65_535)
        switch family {
        case 0:
            return try! SocketAddress(
                ip: (0..<4).map { _ in "\(random.integer(in: 0...255))" }.joined(separator: "."), port: port)
        case 1:
            let groups = (0..<8).map { _ in
                random.integer(in: 0...2) == 0 ? "0" : String(random.integer(in: 0...65_535), radix: 16)
            }
            return try! SocketAddress(ip: groups.joined(separator: ":"), port: port)
        default:
            let name = String(
                (0..<random.integer(in: 1...107)).map { _ in
                    Character(Unicode.Scalar(UInt8(random.integer(in: 33...126))))
                })
            return random.integer(in: 0...1) == 0 ? try! .unix(path: name) : try! .abstract(name)
        }
    }

    static func randomHeader(_ random: inout SeededRandom) -> ProxyHeader {
        if random.integer(in: 0...9) == 0 { return random.integer(in: 0...1) == 0 ? .local : .unknown }
        let isLine = random.integer(in: 0...1) == 0
        let family = random.integer(in: 0...(isLine ? 1 : 2))
        var extensions: [ProxyExtension] = []
        if !isLine {
            for _ in 0..<random.integer(in: 0...4) {
                let type = [1, 2, 0x30, 0xE0, 0xEF, 0xFF][random.integer(in: 0...5)]
                let value = (0..<random.integer(in: 0...40)).map { _ in UInt8(random.integer(in: 0...255)) }
                extensions.append(try! ProxyExtension(type: UInt8(type), value: value))
            }
        }
        return ProxyHeader(
            version: isLine ? .v1 : .v2, source: address(&random, family), destination: address(&random, family),
            extensions: extensions)
    }
}
