/// The arguments of an endpoint as text, for the closure of ``EndpointParser/adding(_:_:)``.
///
/// Those without a name come first, and are taken in their order; the others are taken by name. Arguments that remain when
/// the closure has returned are errors.
public struct EndpointArguments: Sendable {
    /// The kind of endpoint: the text before the first colon.
    public let kind: String

    private let wholeText: String
    private var positional: ArraySlice<EndpointParts.Part> = []
    private var named: [EndpointParts.Part] = []
    /// The names that were asked for.
    private var known: [String] = []

    init(_ parts: [EndpointParts.Part], of text: String) throws(EndpointTextError) {
        kind = parts[0].text
        wholeText = text
        for part in parts[1...] {
            guard let name = part.name else {
                guard !part.text.isEmpty else {
                    throw EndpointTextError(text: text, offset: part.start, fault: .emptyArgument(""))
                }
                guard named.isEmpty else {
                    throw EndpointTextError(text: text, offset: part.start, fault: .misplacedArgument(part.text))
                }
                positional.append(part)
                continue
            }
            guard !name.isEmpty else {
                throw EndpointTextError(text: text, offset: part.start, fault: .emptyArgument(""))
            }
            guard !part.text.isEmpty else {
                throw EndpointTextError(text: text, offset: part.valueStart, fault: .emptyArgument(name))
            }
            guard !named.contains(where: { $0.name == name }) else {
                throw EndpointTextError(text: text, offset: part.start, fault: .repeatedArgument(name))
            }
            named.append(part)
        }
    }

    /// The number of arguments without a name that have not been taken.
    public var positionalCount: Int { positional.count }

    /// Takes the next argument without a name.
    ///
    /// - Parameter name: what it is, for errors.
    /// - Throws: ``EndpointTextError`` if there is none.
    public mutating func next(_ name: String) throws(EndpointTextError) -> EndpointArgument {
        guard let part = positional.popFirst() else { throw missing(name) }
        return argument(part, name)
    }

    /// Takes an argument by its name.
    ///
    /// - Returns: the argument; nil if it is not given.
    public mutating func optional(_ name: String) -> EndpointArgument? {
        if !known.contains(name) { known.append(name) }
        guard let index = named.firstIndex(where: { $0.name == name }) else { return nil }
        return argument(named.remove(at: index), name)
    }

    /// Takes an argument by its name.
    ///
    /// - Throws: ``EndpointTextError`` if it is not given.
    public mutating func required(_ name: String) throws(EndpointTextError) -> EndpointArgument {
        guard let argument = optional(name) else { throw missing(name) }
        return argument
    }

    /// Checks that all arguments have been taken, before something costly or lasting is done with them.
    ///
    /// It need not be called: the parser does after the closure.
    ///
    /// - Throws: ``EndpointTextError`` at the first that is left.
    public func checkAllTaken() throws(EndpointTextError) {
        if let part = positional.first {
            throw EndpointTextError(text: wholeText, offset: part.start, fault: .misplacedArgument(part.text))
        }
        if let part = named.first {
            throw EndpointTextError(
                text: wholeText, offset: part.start, fault: .unknownArgument(part.name ?? "", known: known))
        }
    }

    /// An error that concerns the arguments together.
    ///
    /// - Parameter what: what is wrong, after the name of the kind and "is".
    public func invalid(_ what: String, because cause: (any Error)? = nil) -> EndpointTextError {
        EndpointTextError(text: wholeText, offset: 0, fault: .badValue(argument: kind, what), cause: cause)
    }

    private func argument(_ part: EndpointParts.Part, _ name: String) -> EndpointArgument {
        EndpointArgument(
            name: name, text: part.text, offset: part.valueStart, isBracketed: part.isBracketed,
            isMarked: part.isMarked, wholeText: wholeText)
    }

    private func missing(_ name: String) -> EndpointTextError {
        EndpointTextError(text: wholeText, offset: wholeText.utf8.count, fault: .missingArgument(name))
    }
}
