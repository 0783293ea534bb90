public import EventReactorCore

/// An error of a group.
public enum ReactorGroupError: Error, Sendable {
    /// An invalid setting, or two that exclude each other; the text says which.
    case invalidConfiguration(String)

    /// The group was started already and has not stopped.
    case alreadyRunning

    /// A thread of the group was to wait for the group's end, which would never come; or a group was to be started on a
    /// thread with a descriptor table of its own.
    case calledFromGroup

    /// A reactor could not be made, or its set-up threw; the others have been stopped.
    case setUpFailed(reactor: Int, error: any Error)

    /// A reactor's run ended with an error; the others have been stopped.
    case reactorFailed(reactor: Int, error: ReactorError)

    /// The system refused something that the group cannot do without, a thread for one.
    case system(SystemError)

    static func ofSystem<Value>(_ body: () throws(SystemError) -> Value) throws(ReactorGroupError) -> Value {
        do throws(SystemError) { return try body() } catch { throw .system(error) }
    }
}

extension ReactorGroupError: CustomStringConvertible {
    /// The error in words.
    public var description: String { message.text }

    private var message: Message {
        switch self {
        case .invalidConfiguration(let text): "the group cannot be: \(MessageText.escaped(text))"
        case .alreadyRunning: "the group is running already"
        case .calledFromGroup: "a thread of a group can neither wait for the group nor start one"
        case .setUpFailed(let index, let error):
            "reactor \(index) of the group could not be set up: \(MessageText.escaped(error))"
        case .reactorFailed(let index, let error): "reactor \(index) of the group failed: \(error.description)"
        case .system(let error): "the group cannot work: \(error)"
        }
    }
}
