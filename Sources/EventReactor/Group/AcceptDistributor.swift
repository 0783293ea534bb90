import EventReactorCore
import EventReactorPosix

/// Distributes the connections that one reactor accepts over the reactors of its group.
final class AcceptDistributor: Sendable {
    struct Target: Sendable {
        /// The reactor's index in the group.
        let index: Int
        let queue: RemoteQueue
        let load: ReactorLoad
        let port: PortLoad
        var isOpen = true
    }

    struct Round: Sendable {
        var targets: [Target] = []
        var next = 0
    }

    let rule: ReactorGroup.Accepting.Handing
    let round = Locked(Round())

    init(_ rule: ReactorGroup.Accepting.Handing) {
        self.rule = rule
    }
}
