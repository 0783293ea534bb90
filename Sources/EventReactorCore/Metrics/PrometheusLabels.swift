/// Conversion of a program's labels to valid, unique labels of Prometheus's text format.
///
/// Prometheus rejects a page as a whole if one sample has a label name twice.
enum PrometheusLabels {
    /// The label names that the library uses itself.
    private static let reserved = ["by", "reason", "cause", "le", "series"]

    /// The text between the braces: labels in order of their original names.
    static func text(_ labels: [String: String]) -> String {
        var used: [String] = []
        var text = ""
        // `sorted` alone would take 4 KB of code.
        var keys: [String] = []
        for key in labels.keys { keys.insert(key, at: keys.firstIndex { $0 > key } ?? keys.count) }
        for key in keys {
            guard let value = labels[key], !value.isEmpty else { continue }
            let name = unique(unreserved(key), among: used)
            used.append(name)
            if !text.isEmpty { text += "," }
            text += name + "=\"" + escaped(value) + "\""
        }
        return text
    }

    /// A valid name that is not reserved: Prometheus too prefixes colliding names with `exported_`.
    private static func unreserved(_ text: String) -> String {
        let name = name(text)
        return reserved.contains(name) || name.hasPrefix("__") ? "exported_" + name : name
    }

    private static func unique(_ name: String, among used: [String]) -> String {
        var candidate = name
        var suffix = 2
        while used.contains(candidate) {
            candidate = name + "_" + String(suffix)
            suffix += 1
        }
        return candidate
    }

    /// A valid name: an underscore replaces each invalid byte, and precedes a leading digit.
    static func name(_ text: String) -> String {
        var bytes: [UInt8] = []
        for byte in ByteText.bytes(text) {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): bytes.append(byte)
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                if bytes.isEmpty { bytes.append(UInt8(ascii: "_")) }
                bytes.append(byte)
            default: bytes.append(UInt8(ascii: "_"))
            }
        }
        return bytes.isEmpty ? "_" : String(decoding: bytes, as: UTF8.self)
    }

    private static func escaped(_ text: String) -> String {
        var bytes: [UInt8] = []
        for byte in ByteText.bytes(text) {
            switch byte {
            case UInt8(ascii: "\\"), UInt8(ascii: "\""): bytes += [UInt8(ascii: "\\"), byte]
            case UInt8(ascii: "\n"): bytes += [UInt8(ascii: "\\"), UInt8(ascii: "n")]
            default: bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
