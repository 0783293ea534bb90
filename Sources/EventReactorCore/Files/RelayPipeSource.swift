/// Pipes for relays, of which an engine keeps some for the next relay.
package protocol RelayPipeSource: AnyObject {
    /// A pipe that is empty, or nil if no descriptor or no memory can be had.
    func take() -> (any RelayPipe)?
}
