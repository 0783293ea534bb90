/// One attempt to connect to one address.
package protocol ConnectAttempt: AnyObject {
    /// Gives up; the completion is not called.
    func cancel()
}
