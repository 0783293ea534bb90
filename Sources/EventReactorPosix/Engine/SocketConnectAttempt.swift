import EventReactorCore
import Glibc

/// One attempt to connect: it ends when the descriptor is writable.
final class SocketConnectAttempt: ConnectAttempt {
    /// Registers interest in a descriptor and calls the closure when it is writable, until the result is released.
    typealias Watch =
        (_ descriptor: Int32, _ isWritable: @escaping () -> Void) throws(SystemError) -> AnyObject

    private unowned let reactor: ReactorBase
    private let address: SocketAddress
    private let watch: Watch
    private var completion: ((Result<Int32, ConnectError>) -> Void)?
    private var descriptor: Int32 = -1
    private var registration: AnyObject?
    private var retry: DelayedCall?

    package init(
        reactor: ReactorBase,
        to address: SocketAddress,
        from local: SocketAddress?,
        options: StreamOptions,
        watch: @escaping Watch,
        completion: @escaping (Result<Int32, ConnectError>) -> Void
    ) {
        self.reactor = reactor
        self.address = address
        self.watch = watch
        self.completion = completion
        follow(ConnectingSocket.start(to: address, from: local, options: options))
    }

    private func follow(_ start: ConnectingSocket.Start) {
        switch start {
        case .connected(let descriptor):
            self.descriptor = descriptor
            reactor.callSoon { self.end(.success(descriptor)) }
        case .failed(let error):
            reactor.callSoon { self.end(.failure(error)) }
        case .underWay(let descriptor):
            self.descriptor = descriptor
            do throws(SystemError) {
                registration = try watch(descriptor) { [unowned self] in answered() }
            } catch {
                let error = SystemError(code: error.code, operation: error.operation, address: address)
                reactor.callSoon { self.end(.failure(.system(error))) }
            }
        case .full(let descriptor):
            // The kernel does not report when a UNIX server has room again.
            self.descriptor = descriptor
            retry = reactor.callLater(.milliseconds(20)) { [weak self] in
                guard let self, completion != nil else { return }
                self.descriptor = -1
                follow(ConnectingSocket.attempt(descriptor, to: address))
            }
        }
    }

    private func answered() {
        registration = nil
        let answered = descriptor
        descriptor = -1
        switch ConnectingSocket.finish(answered, to: address) {
        case .failed(let error): end(.failure(error))
        default:
            descriptor = answered
            end(.success(answered))
        }
    }

    private func end(_ result: Result<Int32, ConnectError>) {
        guard let completion else { return }
        self.completion = nil
        if case .success = result { descriptor = -1 }
        cancel()
        completion(result)
    }

    package func cancel() {
        completion = nil
        registration = nil
        retry?.cancel()
        retry = nil
        if descriptor >= 0 { _ = close(descriptor) }
        descriptor = -1
    }
}
