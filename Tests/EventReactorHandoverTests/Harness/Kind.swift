import EventReactor
import EventReactorNative

enum Kind: String, CaseIterable, Sendable {
    case libevent, native

    func makeReactor() throws -> ReactorBase {
        var configuration = ReactorConfiguration()
        // Tests run in parallel: a signal to the process must stop none of them.
        configuration.stopSignals = []
        return switch self {
        case .libevent: try Reactor(configuration: configuration)
        case .native: try NativeReactor(configuration: configuration)
        }
    }
}
