import EventReactorCore
import EventReactorProtocols

/// Parsers of headers and texts.
enum ParserTargets {
    static let all: [String: FuzzTarget] = [
        "proxy": readHeader, "server-endpoints": readServerEndpoint, "client-endpoints": readClientEndpoint,
    ]

    /// A header is the same whole and byte by byte, and never more than its limit is kept.
    private static let readHeader: FuzzTarget = { input in
        let bytes = [UInt8](input)
        let whole = result(of: bytes, pieces: [bytes.count])
        let single = result(of: bytes, pieces: Array(repeating: 1, count: bytes.count))
        precondition(whole == single, "\(single) byte by byte, \(whole) whole")
    }

    private static func result(of bytes: [UInt8], pieces: [Int]) -> String {
        var parser = ProxyHeaderParser(maximumLength: 200)
        var position = 0
        do {
            for piece in pieces where piece > 0 {
                let step = try parser.read(bytes.span.extracting(position..<position + piece))
                precondition(parser.pending.count <= 216, "more than a header is kept")
                switch step {
                case .needsMore: position += piece
                case .noHeader: return "no header"
                case .header(let header, let consumed):
                    _ = (header.applicationProtocol, header.authority, header.uniqueID, header.tls, header.extensions)
                    return "\(header) of \(position + consumed)"
                }
            }
        } catch {
            return "\(error)"
        }
        return "more"
    }

    /// An endpoint that was read is the same once it is written and read again.
    private static let readServerEndpoint: FuzzTarget = { input in
        guard let endpoint = try? ServerEndpoint(text: String(decoding: input, as: UTF8.self)) else { return }
        // There is none for what listening or connecting would refuse.
        guard let text = endpoint.text else { return }
        let again = try? ServerEndpoint(text: text)
        precondition(again == endpoint, "\(text) is another endpoint")
    }

    private static let readClientEndpoint: FuzzTarget = { input in
        guard let endpoint = try? ClientEndpoint(text: String(decoding: input, as: UTF8.self)) else { return }
        // There is none for what listening or connecting would refuse.
        guard let text = endpoint.text else { return }
        let again = try? ClientEndpoint(text: text)
        precondition(again == endpoint, "\(text) is another endpoint")
    }
}
