import EventReactorCore

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// The ticket keys of a server context: the program's, or its own, of which a new one is made each hour.
final class RotatingTicketKeys: Sendable {
    private let keys: TLSTicketKeys
    private let isOwn: Bool
    private let nextRotation: Locked<Int>
    private static let period = 3600

    init(_ given: TLSTicketKeys?) {
        keys = given ?? TLSTicketKeys()
        isOwn = given == nil
        nextRotation = Locked(RotatingTicketKeys.seconds + RotatingTicketKeys.period)
    }

    var current: TLSTicketKeys {
        guard isOwn else { return keys }
        let now = RotatingTicketKeys.seconds
        let isDue = nextRotation.withLock { next in
            guard now >= next else { return false }
            next = now + RotatingTicketKeys.period
            return true
        }
        if isDue { keys.rotate() }
        return keys
    }

    private static var seconds: Int {
        var now = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &now)
        return now.tv_sec
    }
}
