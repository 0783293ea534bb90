import EventReactor
import Testing

/// A listener that its own closures retain, as a factory's does if it may have to pause it.
@Suite struct ListenerLifetimeTests {
    private final class Owner {
        var port: ListeningPort?
    }

    @Test(arguments: Setting.reactors)
    func closuresAreLetGoOnceListeningHasStopped(_ setting: Setting) throws {
        weak var owner: Owner?
        try setting.run { world in
            let made = Owner()
            owner = made
            let port = try world.listen {
                made.port?.pauseAccepting()
                return nil
            }
            made.port = port
            port.onAcceptFailure = { _ in made.port?.pauseAccepting() }
            world.reactor.callSoon { [unowned world] in
                port.stopListening()
                world.finish()
            }
        }
        let isGone = owner == nil
        #expect(isGone)
    }
}
