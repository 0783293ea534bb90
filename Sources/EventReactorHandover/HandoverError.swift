public import EventReactorCore

/// The reason for which a handover of listening sockets failed.
///
/// In each case the program that had the sockets continues with them undisturbed.
public enum HandoverError: Error, Equatable, Sendable {
    /// The path is none that a UNIX socket can have.
    case invalidPath(AddressError)

    /// The name cannot be given to a port: it is empty, longer than 255 bytes, begins with `@`, or has a character that
    /// is a colon or not printable ASCII.
    case invalidName(String)

    /// The port of this name has no listening socket of the reactor that could be handed over.
    case noSocket(name: String)

    /// The path cannot be listened at: another program that is alive may offer there.
    case cannotOffer(ListenError)

    /// The process at the other end belongs to this user, who is neither this process's own nor root.
    case untrusted(user: UInt32)

    /// The predecessor does not trust the user that this process belongs to.
    case refused

    /// The predecessor is handing over to another successor just now.
    case busy

    /// The predecessor did not wait any longer, or had withdrawn its offer, and goes on by itself.
    case withdrawn

    /// The other end does not speak as described, or another version.
    case malformed(String)

    /// Nothing came from the other end within this time.
    case timedOut(after: Duration)

    /// The other end went before the handover was complete.
    case peerGone

    /// The socket that was handed over under this name cannot be listened at.
    case unusable(name: String, AdoptError)

    /// The system refused.
    case system(SystemError)
}

extension HandoverError: CustomStringConvertible {
    /// The error in words.
    public var description: String {
        switch self {
        case .invalidPath(let error): "no handover: \(error)"
        case .invalidName(let name): "no handover: \(MessageText.quoted(name)) cannot be the name of a port"
        case .noSocket(let name): "no handover: the port \(MessageText.quoted(name)) does not listen on this reactor"
        case .cannotOffer(.addressInUse(let error)): "no handover: \(error); does another program offer there?"
        case .cannotOffer(let error): "no handover: \(error)"
        case .untrusted(let user): "no handover: the other end belongs to user \(user)"
        case .refused: "no handover: the predecessor does not trust this process's user"
        case .busy: "no handover: another successor is being served"
        case .withdrawn: "no handover: the predecessor goes on by itself"
        case .malformed(let text): "no handover: the other end said \(MessageText.quoted(text))"
        case .timedOut(let time): "no handover: the other end did not answer within \(time)"
        case .peerGone: "no handover: the other end has gone"
        case .unusable(let name, let error): "no handover of \(MessageText.quoted(name)): \(error)"
        case .system(let error): "no handover: \(error)"
        }
    }
}
