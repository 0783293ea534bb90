/// A reader of endpoints as text, with the kinds of endpoint that it knows.
///
/// ```swift
/// let parser = EndpointParser<ServerEndpoint>.standard.adding("local") { arguments in
///     .tcp(port: try arguments.next("port").port(), host: "127.0.0.1")
/// }
/// let endpoint = try parser.parse("local:8080")
/// ```
///
/// It is a value, which any thread may use. Each module, and each program, adds the kinds that it has: `addingTLS()` of
/// EventReactorTLS adds `tls`.
public struct EndpointParser<Endpoint: Sendable>: Sendable {
    /// A closure that makes an endpoint of its arguments.
    public typealias Maker = @Sendable (inout EndpointArguments) throws -> Endpoint

    private var makers: [String: Maker] = [:]

    /// A parser that knows no kind.
    public init() {}

    /// The names of the kinds, in the order of the alphabet.
    public var kinds: [String] { makers.keys.sorted() }

    /// The same parser with another kind.
    ///
    /// - Parameters:
    ///   - kind: the text before the first colon; a kind of that name is replaced.
    ///   - maker: makes the endpoint. An error that it throws becomes the ``EndpointTextError/cause`` of an
    ///     ``EndpointTextError``, unless it is one.
    public func adding(_ kind: String, _ maker: @escaping Maker) -> EndpointParser {
        var parser = self
        parser.makers[kind] = maker
        return parser
    }

    /// Reads an endpoint.
    ///
    /// - Throws: ``EndpointTextError``, with the place of the fault.
    /// - Complexity: O(n) in the bytes of the text, beside what the kind does.
    public func parse(_ text: String) throws(EndpointTextError) -> Endpoint {
        let parts = try EndpointParts(text).parts
        let kind = parts[0]
        guard kind.name == nil, !kind.text.isEmpty else {
            throw EndpointTextError(text: text, offset: 0, fault: .noKind)
        }
        guard let maker = makers[kind.text] else {
            throw EndpointTextError(text: text, offset: 0, fault: .unknownKind(kind.text, known: kinds))
        }
        var arguments = try EndpointArguments(parts, of: text)
        let endpoint: Endpoint
        do {
            endpoint = try maker(&arguments)
        } catch let error as EndpointTextError {
            throw error
        } catch {
            throw arguments.invalid("not usable: \(error)", because: error)
        }
        try arguments.checkAllTaken()
        return endpoint
    }
}
