/// A failed lookup.
package struct NameError: Error {
    /// The resolver's text.
    package let message: String

    package init(_ message: String) {
        self.message = message
    }

    /// The error of a listener at the host.
    func listening(at host: String) -> ListenError { .unresolvable(host: host, message: message) }
}
