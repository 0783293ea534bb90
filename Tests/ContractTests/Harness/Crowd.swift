import EventReactor
import Testing

/// A server with a live connection that echoes, and a crowd that waits in its backlog until the descriptors run out.
final class Crowd {
    let world: World
    let count: Int
    private(set) var port: ListeningPort!
    private(set) var shortage: Descriptors.Shortage?
    private(set) var failures: [AcceptFailure] = []
    private(set) var rounds = 0
    private(set) var lost = 0
    private(set) var greeted = 0
    private let spare: Int
    private var connected = 0
    private var isAlive = false
    var onFailure: () -> Void = {}
    var onRound: (Recorder) -> Void = { $0.transport.write("x") }
    var onLost: () -> Void = {}
    var onGreeting: () -> Void = {}

    init(_ world: World, _ policy: DescriptorShortagePolicy, count: Int, sparing spare: Int = 0) throws {
        self.world = world
        self.count = count
        self.spare = spare
        var options = ListenOptions()
        options.whenOutOfDescriptors = policy
        port = try world.listen(
            options: options,
            { [unowned self] in
                let server = Recorder("server")
                if isAlive { server.onMade = { $0.transport.write("hi") } }
                server.onData = { $0.transport.write($1) }
                isAlive = true
                return server
            })
        port.onAcceptFailure = { [unowned self] failure in
            failures.append(failure)
            onFailure()
        }
        // What a test does here names the crowd itself.
        world.reactor.onShutdown { [weak self] in
            self?.onFailure = {}
            self?.onRound = { _ in }
            self?.onLost = {}
            self?.onGreeting = {}
        }
        let live = Recorder("live")
        live.onMade = { $0.transport.write("x") }
        live.onData = { [unowned self] live, _ in
            rounds += 1
            if rounds == 1 { try gather() }
            onRound(live)
        }
        try world.connect(to: port.localAddress) { live }
    }

    /// Makes the crowd connect while accepting is paused; with the last of it the descriptors run out.
    private func gather() throws {
        port.pauseAccepting()
        for _ in 0..<count {
            try join { [unowned self] in
                connected += 1
                guard connected == count else { return }
                shortage = Descriptors.Shortage(sparing: spare)
                port.resumeAccepting()
            }
        }
    }

    /// One more client of the server.
    func join(onMade: @escaping () -> Void = {}) throws {
        let client = Recorder("crowd")
        client.onMade = { _ in onMade() }
        client.onData = { [unowned self] client, _ in
            guard client.text == "hi" else { return }
            greeted += 1
            onGreeting()
        }
        client.onLost = { [unowned self] _, reason in
            guard !reason.isReactorStopped else { return }
            lost += 1
            onLost()
        }
        try world.connect(to: port.localAddress) { client }
    }
}
