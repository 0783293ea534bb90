package import EventReactorCore

/// Timeouts of a reactor's layers: those of one duration share the machinery for it.
package final class SharedTimeouts {
    private var made: [Duration: CommonTimeout] = [:]

    private init() {}

    /// The timeout of a duration on a reactor, made when it is first asked for.
    package static func of(_ duration: Duration, on reactor: ReactorBase) -> CommonTimeout {
        let shared = reactor.layerState(SharedTimeouts.self) { SharedTimeouts() }
        if let made = shared.made[duration] { return made }
        let made = reactor.commonTimeout(duration)
        shared.made[duration] = made
        return made
    }
}
