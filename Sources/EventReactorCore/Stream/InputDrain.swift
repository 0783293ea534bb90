/// The result of draining the input of a connection that is about to close.
package enum InputDrain {
    /// The peer has everything: closing destroys nothing.
    case delivered
    /// The peer has yet to acknowledge bytes, which a close could destroy.
    case pending
    /// The connection is gone, with an errno that the kernel reports only once.
    case failed(Int32)
}
