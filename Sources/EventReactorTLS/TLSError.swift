import EventReactorCore

/// The reason why TLS could not be set up, or could not go on.
public enum TLSError: Error, Equatable, Sendable {
    /// The handshake failed: the alert that was sent to the peer, if any, and OpenSSL's words.
    case handshakeFailed(alert: TLSAlert?, message: String)

    /// The peer speaks something else than TLS, such as HTTP without encryption; the text says what it looks like.
    case notTLS(String)

    /// The peer closed the connection before the handshake was complete.
    case closedInHandshake

    /// The handshake took longer than its timeout.
    case handshakeTimedOut(after: Duration)

    /// The peer's certificate is not trusted.
    case untrusted(TLSVerifyFailure)

    /// The peer's certificate is valid for other names.
    case wrongName(expected: String)

    /// The peer gave up, with this alert.
    case alertReceived(TLSAlert)

    /// The connection ended without the peer having said so: an attacker may have cut off the rest.
    case truncated

    /// A record could not be decrypted or understood: it was damaged, or the peer is at fault.
    case badRecord(message: String)

    /// The peer sent many records without any data, such as updates of keys.
    case tooManyEmptyRecords

    /// A certificate or its key cannot be used.
    case badIdentity(String)

    /// Certificates to trust cannot be loaded.
    case badTrust(String)

    /// A setting has a value that it cannot have.
    case badSetting(String)

    /// The name cannot be a host's name.
    case invalidServerName(String)

    /// The connection has no TLS to start, since it has it already.
    case alreadyStarted

    /// The connection is closed or closing, or relays its bytes.
    case notOpen

    /// Bytes followed the command that starts TLS: an attacker may have put them there.
    case plaintextAfterStart(byteCount: Int)

    /// The transport is not one of this library's reactors.
    case unsupportedTransport
}

extension TLSError: CustomStringConvertible {
    /// The error as a message.
    public var description: String {
        switch self {
        case .handshakeFailed(nil, let message): "the TLS handshake failed: \(message)"
        case .handshakeFailed(let alert?, let message): "the TLS handshake failed: \(message) (\(alert) sent)"
        case .notTLS(let what): "the peer does not speak TLS: \(what)"
        case .closedInHandshake: "the peer closed the connection in the TLS handshake"
        case .handshakeTimedOut(let time): "the TLS handshake was not complete within \(time)"
        case .untrusted(let failure): "the peer's certificate is not trusted: \(failure)"
        case .wrongName(let name): "the peer's certificate is not valid for \(MessageText.quoted(name))"
        case .alertReceived(let alert): "the peer ended TLS with the alert \(alert)"
        case .truncated: "the connection ended without TLS's close_notify: it may have been cut off"
        case .badRecord(let message): "a TLS record from the peer is bad: \(message)"
        case .tooManyEmptyRecords: "the peer sent too many TLS records without data"
        case .badIdentity(let message): "the TLS identity cannot be used: \(MessageText.escaped(message))"
        case .badTrust(let message): "the certificates to trust cannot be loaded: \(MessageText.escaped(message))"
        case .badSetting(let message): "a TLS setting cannot be used: \(MessageText.escaped(message))"
        case .invalidServerName(let name): "\(MessageText.quoted(name)) cannot be the name of a TLS server"
        case .alreadyStarted: "the connection uses TLS already"
        case .notOpen: "TLS cannot be started: the connection is closed, closing, or relayed"
        case .plaintextAfterStart(let count): "\(count) bytes followed the command to start TLS, before the handshake"
        case .unsupportedTransport: "TLS needs a connection of one of the library's reactors"
        }
    }
}
