/// The parts of an endpoint as text, between its colons, without escapes.
struct EndpointParts {
    struct Part {
        /// The name before the first `=`; nil without one.
        var name: String?
        var text = ""
        /// Where the part begins in the whole text, in bytes, and where its value does.
        var start: Int
        var valueStart: Int
        var isBracketed = false
        var isMarked = false
    }

    private(set) var parts: [Part] = []

    /// Divides a text.
    ///
    /// A colon ends a part, and the first `=` in it the name. A backslash takes the meaning from the character behind it.
    /// Between a `[` at the beginning of a value and the next `]` a colon ends nothing, as in an IPv6 address.
    init(_ text: String) throws(EndpointTextError) {
        let bytes = [UInt8](text.utf8)
        var value: [UInt8] = []
        var part = Part(start: 0, valueStart: 0)
        var openBracket: Int?
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            let isFirst = index == part.valueStart
            switch byte {
            case UInt8(ascii: "\\"):
                guard index + 1 < bytes.count, EndpointParts.escaped.contains(bytes[index + 1]) else {
                    throw EndpointTextError(text: text, offset: index, fault: .badEscape)
                }
                value.append(bytes[index + 1])
                index += 1
            case UInt8(ascii: ":") where openBracket == nil:
                part.text = String(decoding: value, as: UTF8.self)
                parts.append(part)
                value = []
                part = Part(start: index + 1, valueStart: index + 1)
            case UInt8(ascii: "=") where openBracket == nil && part.name == nil:
                part.name = String(decoding: value, as: UTF8.self)
                part.valueStart = index + 1
                value = []
                part.isBracketed = false
                part.isMarked = false
            default:
                if isFirst, byte == UInt8(ascii: "[") {
                    openBracket = index
                    part.isBracketed = true
                } else if isFirst, byte == UInt8(ascii: "@") {
                    part.isMarked = true
                } else if byte == UInt8(ascii: "]") {
                    openBracket = nil
                }
                value.append(byte)
            }
            index += 1
        }
        if let openBracket { throw EndpointTextError(text: text, offset: openBracket, fault: .unclosedBracket) }
        part.text = String(decoding: value, as: UTF8.self)
        parts.append(part)
    }

    /// The characters that a backslash may stand before.
    private static let escaped = [UInt8](":=\\[@".utf8)

    /// A value with the backslashes that it needs.
    ///
    /// - Parameter isAtStart: whether it is a whole argument; false behind the mark of an abstract name.
    static func escape(_ value: String, isAtStart: Bool = true) -> String {
        var result: [UInt8] = []
        for byte in value.utf8 {
            let needsEscape =
                switch byte {
                case UInt8(ascii: ":"), UInt8(ascii: "="), UInt8(ascii: "\\"): true
                case UInt8(ascii: "["), UInt8(ascii: "@"): isAtStart && result.isEmpty
                default: false
                }
            if needsEscape { result.append(UInt8(ascii: "\\")) }
            result.append(byte)
        }
        return String(decoding: result, as: UTF8.self)
    }
}
