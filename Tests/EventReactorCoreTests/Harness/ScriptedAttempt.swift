import EventReactorCore

final class ScriptedAttempt: ConnectAttempt {
    private unowned let engine: ScriptedEngine
    private let host: String
    let completion: (Result<Int32, ConnectError>) -> Void

    init(engine: ScriptedEngine, host: String, completion: @escaping (Result<Int32, ConnectError>) -> Void) {
        self.engine = engine
        self.host = host
        self.completion = completion
    }

    func cancel() { engine.note("cancel \(host)") }
}
