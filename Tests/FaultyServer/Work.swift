/// The service that a client asks for: the first four bytes that it sends are its id.
enum Work: Int {
    /// The same bytes again.
    case echo
    /// A part of a file, and the end.
    case file
    /// Nothing: the client sends, and ends.
    case upload
    /// The same bytes again by way of another server, which relays.
    case relayed
}
