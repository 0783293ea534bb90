import EventReactorCore

final class ScriptedListener: ListenerEngine {
    private unowned let engine: ScriptedEngine
    let address: SocketAddress

    init(engine: ScriptedEngine, address: SocketAddress) {
        self.engine = engine
        self.address = address
    }

    func enable() { engine.note("enable") }
    func disable() { engine.note("disable") }
    func close() { engine.note("close \(address.host ?? "")") }
}
