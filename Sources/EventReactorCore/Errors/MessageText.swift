/// Text from outside as a part of a message: host names, paths, names of sockets, what other errors say.
///
/// A peer or a client chooses such text, and must be able neither to write lines of its own into a log nor to command
/// the terminal that shows it. Everything that is not seen as itself is written as an escape: control characters, line
/// and paragraph separators, characters that change the direction of the text around them or have no width, and those
/// that Unicode has not assigned.
package enum MessageText {
    /// The text on one line, without quotation marks.
    ///
    /// Backslashes stay as they are, so that text that has been escaped before does not change.
    package static func escaped(_ text: String) -> String {
        if isPlain(text) { return text }
        var result = ""
        for scalar in text.unicodeScalars { append(scalar, to: &result) }
        return result
    }

    /// The text on one line, between quotation marks, with its own and its backslashes escaped.
    package static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            if scalar == "\\" || scalar == "\"" { result += "\\" }
            append(scalar, to: &result)
        }
        return result + "\""
    }

    /// What an error says of itself, on one line: it may be of a type of the program, and quote anything.
    package static func escaped(_ error: any Error) -> String { escaped("\(error)") }

    /// Most text is printable ASCII, and is not looked up.
    private static func isPlain(_ text: String) -> Bool {
        text.utf8.allSatisfy { 0x20..<0x7F ~= $0 }
    }

    private static func append(_ scalar: Unicode.Scalar, to text: inout String) {
        if isSeenAsItself(scalar) {
            text.unicodeScalars.append(scalar)
        } else {
            text += scalar.escaped(asASCII: true)
        }
    }

    private static func isSeenAsItself(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.isASCII { return 0x20..<0x7F ~= scalar.value }
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: return false
        default: return !scalar.properties.isDefaultIgnorableCodePoint
        }
    }
}
