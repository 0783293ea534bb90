/// Escaping of untrusted text in messages: host names, paths, names of sockets, descriptions of other errors.
///
/// A peer or a client chooses such text, and must be able neither to write lines of its own into a log nor to control
/// the terminal that displays it. Every character without a visible form of its own is escaped: control characters,
/// line and paragraph separators, characters that change the direction of the text around them or have no width, and
/// characters that Unicode has not assigned.
package enum MessageText {
    /// The text on one line, without quotation marks.
    ///
    /// Backslashes are not escaped, so that escaping twice changes nothing.
    package static func escaped(_ text: String) -> String {
        if isPrintableASCII(text) { return text }
        var result = ""
        for scalar in text.unicodeScalars { append(scalar, to: &result) }
        return result
    }

    /// The text on one line, between quotation marks; quotation marks and backslashes inside it are escaped.
    package static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            if scalar == "\\" || scalar == "\"" { result += "\\" }
            append(scalar, to: &result)
        }
        return result + "\""
    }

    /// The description of an error on one line: its type may be the program's, and quote untrusted text.
    package static func escaped(_ error: any Error) -> String { escaped("\(error)") }

    /// Whether the text is printable ASCII, as most text is: no look-up of Unicode properties is needed.
    private static func isPrintableASCII(_ text: String) -> Bool {
        ByteText.bytes(text).allSatisfy { 0x20..<0x7F ~= $0 }
    }

    @inline(never)
    private static func append(_ scalar: Unicode.Scalar, to text: inout String) {
        if isVisible(scalar) {
            text.unicodeScalars.append(scalar)
        } else {
            text += scalar.escaped(asASCII: true)
        }
    }

    private static func isVisible(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.isASCII { return 0x20..<0x7F ~= scalar.value }
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: return false
        default: return !scalar.properties.isDefaultIgnorableCodePoint
        }
    }
}
