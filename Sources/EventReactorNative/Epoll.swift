import CEventReactorShims
import EventReactorCore
import Glibc

/// An epoll instance, level-triggered unless a descriptor asks for edges.
///
/// The word that the kernel hands back with an event is the address of a connection, so that an event costs no look-up,
/// or an odd number: that of a ``Watcher``. No event is ever taken for something else's:
///
/// - A descriptor is removed before it is closed, always. The kernel would keep reporting it otherwise while a child
///   process has a copy of it.
/// - A connection that ends is freed at the end of the turn, and so after the batch that may hold an event for it.
/// - The numbers of watchers are not used again.
@safe
final class Epoll {
    /// The events that one turn handles at most.
    private static let batch = 256

    /// -1 after `shut`.
    private var descriptor: Int32
    private let events: UnsafeMutablePointer<er_epoll_event>
    private var watchers: [UInt64: () -> Void] = [:]
    private var nextNumber: UInt64 = 1

    init() throws(ReactorError) {
        descriptor = er_epoll_create()
        unsafe events = .allocate(capacity: Epoll.batch)
        guard descriptor >= 0 else {
            throw .system(SystemError(code: errno, operation: "epoll_create1", address: nil))
        }
    }

    deinit {
        unsafe events.deallocate()
        shut()
    }

    func shut() {
        if descriptor >= 0 { _ = close(descriptor) }
        descriptor = -1
    }

    /// Waits for events, or takes what there is, and handles one batch.
    func handleEvents(waits: Bool, streams: NativeStreamEngine, of reactor: ReactorBase) {
        let count = unsafe Int(er_epoll_wait(descriptor, events, Int32(Epoll.batch), waits ? 1 : 0))
        reactor.beginWork()
        for index in 0..<count {
            let word = unsafe events[index].data
            if word & 1 != 0 {
                watchers[word]?()
            } else if let address = unsafe UnsafeRawPointer(bitPattern: UInt(word)) {
                let what = unsafe Interest(rawValue: events[index].events)
                unsafe Unmanaged<StreamConnection>.fromOpaque(address)._withUnsafeGuaranteedRef { connection in
                    streams.handle(what, for: connection)
                }
            }
        }
    }

    // MARK: Connections

    /// Registers interest in a connection; returns an errno, or 0.
    func add(_ connection: StreamConnection, _ interest: Interest) -> Int32 {
        er_epoll_add(descriptor, connection.descriptor, interest.rawValue, word(for: connection))
    }

    /// Changes the interest in a connection; returns an errno, or 0.
    func change(_ connection: StreamConnection, to interest: Interest) -> Int32 {
        er_epoll_modify(descriptor, connection.descriptor, interest.rawValue, word(for: connection))
    }

    func remove(_ connection: StreamConnection) {
        _ = er_epoll_remove(descriptor, connection.descriptor)
    }

    private func word(for connection: StreamConnection) -> UInt64 {
        UInt64(UInt(bitPattern: unsafe Unmanaged.passUnretained(connection).toOpaque()))
    }

    // MARK: Watchers

    func add(_ watched: Int32, _ interest: Interest, _ action: @escaping () -> Void) throws(SystemError)
        -> UInt64
    {
        let number = nextNumber
        let code = er_epoll_add(descriptor, watched, interest.rawValue, number)
        if code != 0 { throw SystemError(code: code, operation: "epoll_ctl", address: nil) }
        nextNumber += 2
        watchers[number] = action
        return number
    }

    func remove(_ watched: Int32, number: UInt64) {
        watchers[number] = nil
        _ = er_epoll_remove(descriptor, watched)
    }
}
