import CLibevent
import EventReactorCore
import EventReactorSockets
import Glibc

/// One attempt to connect, watched until the descriptor is writable.
final class LibeventConnectAttempt: ConnectAttempt {
    private unowned let engine: LibeventEngine
    private let address: SocketAddress
    private var completion: ((Result<Int32, ConnectError>) -> Void)?
    private var descriptor: Int32 = -1
    private var event: Event?
    private var retry: DelayedCall?

    init(
        engine: LibeventEngine, to address: SocketAddress, from local: SocketAddress?, options: StreamOptions,
        completion: @escaping (Result<Int32, ConnectError>) -> Void
    ) {
        self.engine = engine
        self.address = address
        self.completion = completion
        follow(ConnectingSocket.start(to: address, from: local, options: options))
    }

    private func follow(_ start: ConnectingSocket.Start) {
        switch start {
        case .connected(let descriptor):
            self.descriptor = descriptor
            engine.reactor.callSoon { self.end(.success(descriptor)) }
        case .failed(let error):
            engine.reactor.callSoon { self.end(.failure(error)) }
        case .underWay(let descriptor):
            self.descriptor = descriptor
            event = unsafe Event(
                engine.base, descriptor, EV_WRITE,
                { _, _, context in
                    guard let context = unsafe context else { return }
                    unsafe Unmanaged<LibeventConnectAttempt>.fromOpaque(context).takeUnretainedValue().answered()
                }, context: self)
            if event == nil {
                let error = SystemError(code: ENOMEM, operation: "event_add", address: address)
                engine.reactor.callSoon { self.end(.failure(.system(error))) }
            }
        case .full(let descriptor):
            // The kernel does not tell when a UNIX server has room again.
            self.descriptor = descriptor
            retry = engine.reactor.callLater(.milliseconds(20)) { [weak self] in
                guard let self, completion != nil else { return }
                self.descriptor = -1
                follow(ConnectingSocket.attempt(descriptor, to: address))
            }
        }
    }

    private func answered() {
        event = nil
        let taken = descriptor
        descriptor = -1
        switch ConnectingSocket.finish(taken, to: address) {
        case .failed(let error): end(.failure(error))
        default:
            descriptor = taken
            end(.success(taken))
        }
    }

    private func end(_ result: Result<Int32, ConnectError>) {
        guard let completion else { return }
        self.completion = nil
        if case .success = result { descriptor = -1 }
        cancel()
        completion(result)
    }

    func cancel() {
        completion = nil
        event = nil
        retry?.cancel()
        retry = nil
        if descriptor >= 0 { _ = close(descriptor) }
        descriptor = -1
    }
}
