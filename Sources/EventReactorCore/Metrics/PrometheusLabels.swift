/// Labels as the text format of Prometheus takes them, whatever a program calls its own.
///
/// A page with a label name twice on one sample is refused as a whole.
enum PrometheusLabels {
    /// The names that the library puts on samples itself.
    private static let own: Set<String> = ["by", "reason", "cause", "le", "series"]

    /// Labels between the braces, in order of the names that were given.
    static func text(_ labels: [String: String]) -> String {
        var taken: Set<String> = []
        let texts = labels.filter { !$0.value.isEmpty }.sorted { $0.key < $1.key }.map { key, value in
            let name = unique(legal(key), among: &taken)
            return "\(name)=\"\(escaped(value))\""
        }
        return texts.joined(separator: ",")
    }

    /// A legal name that nothing else uses: Prometheus calls what collides with its own names `exported_` too.
    private static func legal(_ text: String) -> String {
        let name = name(text)
        return own.contains(name) || name.hasPrefix("__") ? "exported_" + name : name
    }

    private static func unique(_ name: String, among taken: inout Set<String>) -> String {
        var candidate = name
        var number = 2
        while !taken.insert(candidate).inserted {
            candidate = "\(name)_\(number)"
            number += 1
        }
        return candidate
    }

    /// A name in which only those characters are that one may have.
    static func name(_ text: String) -> String {
        var bytes = text.utf8.map { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                byte
            default: UInt8(ascii: "_")
            }
        }
        if bytes.first.map({ $0 <= UInt8(ascii: "9") }) ?? true { bytes.insert(UInt8(ascii: "_"), at: 0) }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": result += "\\\\"
            case "\"": result += "\\\""
            case "\n": result += "\\n"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
