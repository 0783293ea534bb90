import EventReactor
import Testing

/// A connector that its own closures retain, as a protocol's do if it may have to cancel it.
@Suite struct ConnectorLifetimeTests {
    private final class Owner {
        var connector: Connector?
    }

    @Test(arguments: Setting.reactors)
    func closuresAreLetGoOnceConnected(_ setting: Setting) throws {
        weak var owner: Owner?
        try setting.run { world in
            let port = try world.listen { Protocol() }
            let made = Owner()
            owner = made
            made.connector = try world.connect(to: port.localAddress) { [unowned world] in
                withExtendedLifetime(made) {}
                world.reactor.callSoon { world.finish() }
                return Protocol()
            }
        }
        let isGone = owner == nil
        #expect(isGone)
    }

    @Test(arguments: Setting.reactors)
    func closuresAreLetGoOnceConnectingFailed(_ setting: Setting) throws {
        weak var owner: Owner?
        try setting.run { world in
            let made = Owner()
            owner = made
            let port = try world.listen { nil }
            made.connector = try world.connect(to: port.localAddress) {
                Protocol()
            } onFailure: { [unowned world] _ in
                withExtendedLifetime(made) {}
                world.finish()
            }
            made.connector?.cancel()
        }
        let isGone = owner == nil
        #expect(isGone)
    }
}
