package import EventReactorCore
import EventReactorScheduling
package import EventReactorSockets

extension Resolver {
    /// The addresses of a host, found on a thread of the pool where that may take time; the completion is called later.
    package static func resolve(
        host: String, port: UInt16, for reactor: ReactorBase,
        completion: @escaping (Result<[SocketAddress], ConnectError>) -> Void
    ) {
        if let address = try? SocketAddress(ip: host, port: Int(port)) {
            return reactor.callSoon { completion(.success([address])) }
        }
        reactor.deferToThread(of: .resolving) {
            Result { () throws(ConnectError) in try resolveToConnect(host: host, port: port) }
        } then: { result in
            if case .success(let answer) = result { completion(answer) }
        }
    }
}
