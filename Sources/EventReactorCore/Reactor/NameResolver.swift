/// Finds the addresses of host names.
package protocol NameResolver {
    /// Resolves a host without blocking the reactor's thread.
    ///
    /// - Parameters:
    ///   - toListen: an empty host then means all addresses of this machine.
    ///   - completion: called on the reactor's thread in a later turn, once, unless the result is cancelled.
    /// - Returns: cancels the lookup; `nil` if the answer is known already.
    func resolve(
        _ host: String, port: UInt16, toListen: Bool,
        completion: @escaping (Result<[SocketAddress], NameError>) -> Void
    ) -> PendingResult?

    /// Resolves a host to listen at, synchronously: a lookup blocks the reactor's thread.
    func resolveToListen(_ host: String, port: UInt16) throws(NameError) -> [SocketAddress]
}
