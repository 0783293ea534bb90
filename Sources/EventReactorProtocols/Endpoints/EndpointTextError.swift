import EventReactorCore

/// The reason why a text is no endpoint, and the place of the fault in it.
///
/// ```swift
/// print(error)  // "tcp:80x" is no endpoint: port is "80x", not 0 to 65535, at byte 4
/// ```
public struct EndpointTextError: Error, Sendable {
    /// The whole text.
    public let text: String

    /// The place of the fault, in bytes of UTF-8 from the beginning of the text.
    public let offset: Int

    /// The fault at that place.
    public let fault: Fault

    /// The error that a kind of endpoint threw, such as one of TLS; nil if the fault is in the text alone.
    public let cause: (any Error)?

    /// The faults of a text.
    public enum Fault: Hashable, Sendable {
        /// The text, or its first part, is empty.
        case noKind
        /// No kind of endpoint has this name.
        case unknownKind(String, known: [String])
        /// An argument is missing.
        case missingArgument(String)
        /// An argument has no value.
        case emptyArgument(String)
        /// An argument of this name is given twice.
        case repeatedArgument(String)
        /// The kind has no argument of this name.
        case unknownArgument(String, known: [String])
        /// An argument is one too many, or comes after one with a name.
        case misplacedArgument(String)
        /// A `[` has no `]` behind it.
        case unclosedBracket
        /// A backslash escapes a character that needs no escape, or ends the text.
        case badEscape
        /// An argument has a value that it cannot have; the text says what it is and what it has to be.
        case badValue(argument: String, String)
    }

    /// Makes an error.
    public init(text: String, offset: Int, fault: Fault, cause: (any Error)? = nil) {
        self.text = text
        self.offset = offset
        self.fault = fault
        self.cause = cause
    }
}

extension EndpointTextError: Equatable {
    /// Whether text, place and fault are the same; causes are compared by their words, which are in the fault.
    public static func == (left: EndpointTextError, right: EndpointTextError) -> Bool {
        left.text == right.text && left.offset == right.offset && left.fault == right.fault
    }
}

extension EndpointTextError: CustomStringConvertible {
    /// The text, its fault and the place of it, on one line.
    public var description: String {
        "\(MessageText.quoted(text)) is no endpoint: \(fault), at byte \(offset)"
    }
}

extension EndpointTextError.Fault: CustomStringConvertible {
    /// The fault in words.
    public var description: String {
        switch self {
        case .noKind: "it does not begin with a kind, such as tcp"
        case .unknownKind(let kind, let known):
            "the kind \(MessageText.quoted(kind)) is none of \(known.joined(separator: ", "))"
        case .missingArgument(let name): "\(name) is missing"
        case .emptyArgument(let name): "\(name.isEmpty ? "an argument" : MessageText.escaped(name)) is empty"
        case .repeatedArgument(let name): "\(MessageText.escaped(name)) is given twice"
        case .unknownArgument(let name, []): "\(MessageText.quoted(name)) is no argument of it, which has none by name"
        case .unknownArgument(let name, let known):
            "\(MessageText.quoted(name)) is none of its arguments, \(known.joined(separator: ", "))"
        case .misplacedArgument(let value): "\(MessageText.quoted(value)) is one argument too many, or needs a name"
        case .unclosedBracket: "a [ has no ] behind it"
        case .badEscape: "a backslash stands before none of : = \\ [ @"
        case .badValue(let argument, let what): "\(argument) is \(what)"
        }
    }
}
