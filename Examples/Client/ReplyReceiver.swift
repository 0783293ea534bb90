import EventReactor
import EventReactorProtocols

/// A value in Redis's protocol, RESP.
enum Reply: Equatable {
    case text(String)
    case error(String)
    case number(Int)
    case array([Reply])
    case null
}

extension Reply: CustomStringConvertible {
    var description: String { lines.joined(separator: "\n") }

    private var lines: [String] {
        switch self {
        case .text(let text): [text]
        case .error(let message): ["error: \(message)"]
        case .number(let number): ["\(number)"]
        case .null: ["(nil)"]
        case .array([]): ["(empty)"]
        case .array(let items):
            items.enumerated().flatMap { index, item in
                let number = "\(index + 1). "
                // The lines of an array in an array stand behind its number.
                return item.lines.enumerated().map { $0 == 0 ? number + $1 : "   " + $1 }
            }
        }
    }
}

/// A protocol that is called with replies of a Redis server.
///
/// Each begins with a line. That of a string has its length, and the string and a line's end follow it.
class ReplyReceiver: FramedProtocol {
    struct Malformed: Error, CustomStringConvertible {
        let description = "what answers there does not speak as Redis does"
    }

    /// The arrays that are not complete, from the outermost on.
    private var open: [(count: Int, items: [Reply])] = []

    func replyReceived(_ reply: Reply) {}

    // An error that is thrown here ends the connection and becomes its reason.
    override func frameReceived(_ frame: Span<UInt8>) throws {
        if framing != .line() {
            guard frame.ends(with: "\r\n") else { throw Malformed() }
            framing = .line()
            return add(.text(String(decoding: frame.extracting(..<(frame.count - 2)), as: UTF8.self)))
        }
        guard !frame.isEmpty else { throw Malformed() }
        let line = String(decoding: frame.extracting(1...), as: UTF8.self)
        switch (Character(UnicodeScalar(frame[0])), Int(line)) {
        case ("+", _): add(.text(line))
        case ("-", _): add(.error(line))
        case (":", let number?): add(.number(number))
        case ("$", -1), ("*", -1): add(.null)
        case ("*", 0): add(.array([]))
        case ("$", let count?) where 0...512 << 20 ~= count: framing = .bytes(count + 2)
        case ("*", let count?) where 1...1 << 20 ~= count && open.count < 32: open.append((count, []))
        default: throw Malformed()
        }
    }

    /// A value is complete, and so may be the arrays that it is in.
    private func add(_ value: Reply) {
        guard let last = open.indices.last else { return replyReceived(value) }
        open[last].items.append(value)
        guard open[last].items.count == open[last].count else { return }
        add(.array(open.removeLast().items))
    }
}
