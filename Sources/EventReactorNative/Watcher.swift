import EventReactorCore

/// Calls a closure for the events of a descriptor that is no connection's, as long as it is retained.
///
/// It has to be released before the descriptor is closed.
final class Watcher {
    private let epoll: Epoll
    private let descriptor: Int32
    private let number: UInt64

    init(_ epoll: Epoll, _ descriptor: Int32, _ interest: Interest, _ action: @escaping () -> Void) throws(SystemError)
    {
        self.epoll = epoll
        self.descriptor = descriptor
        number = try epoll.add(descriptor, interest, action)
    }

    deinit {
        epoll.remove(descriptor, number: number)
    }
}
