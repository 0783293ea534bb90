import EventReactor
import Glibc

/// Replies, in RESP2 or RESP3, gathered for the connection whose commands are handled.
final class Output {
    // Touched several times a reply, and never within another access: the check at run time would cost as much.
    @exclusivity(unchecked) private var bytes: [UInt8] = []
    /// Whether the client asked for RESP3, by HELLO.
    var isRESP3 = false

    var count: Int { unsafe bytes.count }

    /// Writes what was gathered, and forgets it.
    func flush(to transport: any Transport) {
        guard count > 0 else { return }
        write(to: transport)
        clear()
    }

    func write(to transport: any Transport) { unsafe transport.write(bytes) }

    func clear() { unsafe bytes.removeAll(keepingCapacity: bytes.capacity <= 1 << 20) }

    // MARK: Types of replies

    func ok() { raw("+OK\r\n") }
    func simple(_ text: String) { raw("+\(text)\r\n") }
    func integer(_ value: Int) { header(":", value) }
    func boolean(_ value: Bool) { raw(value ? ":1\r\n" : ":0\r\n") }
    func null() { raw(isRESP3 ? "_\r\n" : "$-1\r\n") }
    func nullArray() { raw(isRESP3 ? "_\r\n" : "*-1\r\n") }
    func array(_ count: Int) { header("*", count) }
    func map(_ pairs: Int) { if isRESP3 { header("%", pairs) } else { header("*", pairs * 2) } }
    func set(_ count: Int) { header(isRESP3 ? "~" : "*", count) }
    func push(_ count: Int) { header(isRESP3 ? ">" : "*", count) }
    func bulk(_ text: String) { bulk(text.utf8.span) }
    func key(_ entry: Entry) { entry.withKey { bulk($0) } }
    func value(_ entry: Entry) { entry.withValue { bulk($0) } }

    /// An error; the ends of lines that it quotes would end the reply.
    func error(_ text: String) {
        let isBreak: (Unicode.Scalar) -> Bool = { $0 == "\r" || $0 == "\n" }
        raw("-\(String(String.UnicodeScalarView(text.unicodeScalars.map { isBreak($0) ? " " : $0 })))\r\n")
    }

    func pairs(_ pairs: [(String, String)]) {
        for (key, value) in pairs {
            bulk(key)
            bulk(value)
        }
    }

    /// A number with 17 digits, so that it is read as the same number.
    func double(_ value: Double) {
        var text = value < 0 ? "-inf" : "inf"
        if value == value.rounded(), value.magnitude < 1e17 {
            text = String(Int(value))
        } else if value.isFinite {
            var digits = [CChar](repeating: 0, count: 40)
            let count = unsafe withVaList([value]) { unsafe vsnprintf(&digits, digits.count, "%.17g", $0) }
            text = String(decoding: digits.prefix(Int(count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
        if isRESP3 { raw(",\(text)\r\n") } else { bulk(text) }
    }

    /// A text for people.
    func verbatim(_ text: String) {
        if isRESP3 { raw("=\(text.utf8.count + 4)\r\ntxt:\(text)\r\n") } else { bulk(text) }
    }

    @inline(__always) func bulk(_ content: Span<UInt8>) {
        header("$", content.count)
        unsafe bytes.append(contentsOf: content)
        endLine()
    }

    private func raw(_ text: String) { unsafe bytes.append(contentsOf: text.utf8.span) }

    @inline(__always) private func header(_ type: Unicode.Scalar, _ value: Int) {
        unsafe bytes.append(UInt8(ascii: type))
        if 0...9 ~= value { unsafe bytes.append(48 + UInt8(value)) } else { raw(String(value)) }
        endLine()
    }

    @inline(__always) private func endLine() {
        unsafe bytes.append(UInt8(ascii: "\r"))
        unsafe bytes.append(UInt8(ascii: "\n"))
    }
}
