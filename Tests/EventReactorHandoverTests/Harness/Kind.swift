import EventReactor
import EventReactorNative

enum Kind: String, CaseIterable, Sendable {
    case libevent, native

    func makeReactor() throws -> ReactorBase {
        var configuration = ReactorConfiguration()
        // Tests run beside one another: a signal for one process is none of theirs.
        configuration.stopSignals = []
        return switch self {
        case .libevent: try Reactor(configuration: configuration)
        case .native: try NativeReactor(configuration: configuration)
        }
    }
}
