import COpenSSL
public import EventReactorCore

/// Counts of a reactor's TLS since it was made.
public struct TLSMetrics: Equatable, Sendable {
    /// Handshakes begun: by a client's connection, or a first byte of a server's.
    public var begun = 0
    /// Handshakes completed.
    public var completed = 0
    /// Those of them that resumed a session.
    public var resumed = 0
    /// Handshakes completed, by version.
    public var versions: [TLSVersion: Int] = [:]
    /// Handshakes that failed.
    public var handshakesFailed = 0
    /// Failures in handshakes and after, by reason.
    public var failures = Failures()

    /// Failures by reason.
    public struct Failures: Equatable, Sendable {
        private var counts: [Reason: Int] = [:]

        /// The number of failures for a reason.
        public subscript(reason: Reason) -> Int { counts[reason] ?? 0 }

        /// The number of failures for any reason.
        public var total: Int { counts.values.reduce(0, +) }

        mutating func count(_ reason: Reason) {
            counts[reason, default: 0] += 1
        }
    }

    /// Reasons of failures: the cases of ``TLSError`` that a peer can cause.
    public enum Reason: String, Sendable, CaseIterable {
        /// The handshake failed for a reason that is none of the others.
        case handshakeFailed = "handshake_failed"
        /// The peer does not speak TLS.
        case notTLS = "not_tls"
        /// The peer closed in the handshake.
        case closedInHandshake = "closed_in_handshake"
        /// The handshake took too long.
        case handshakeTimedOut = "handshake_timed_out"
        /// The peer's certificate is not trusted.
        case untrusted
        /// The peer's certificate is for other names.
        case wrongName = "wrong_name"
        /// The peer sent an alert.
        case alertReceived = "alert_received"
        /// The end came without `close_notify`.
        case truncated
        /// A record was bad.
        case badRecord = "bad_record"
        /// Too many records without data.
        case tooManyEmptyRecords = "too_many_empty_records"
    }

    mutating func completed(_ ssl: OpaquePointer?) {
        completed &+= 1
        if unsafe SSL_session_reused(ssl) == 1 { resumed &+= 1 }
        if let version = TLSVersion(number: unsafe SSL_version(ssl)) { versions[version, default: 0] += 1 }
    }

    mutating func failed(_ error: TLSError, inHandshake: Bool) {
        if inHandshake { handshakesFailed &+= 1 }
        let reason: Reason =
            switch error {
            case .notTLS: .notTLS
            case .closedInHandshake: .closedInHandshake
            case .handshakeTimedOut: .handshakeTimedOut
            case .untrusted: .untrusted
            case .wrongName: .wrongName
            case .alertReceived: .alertReceived
            case .truncated: .truncated
            case .badRecord: .badRecord
            case .tooManyEmptyRecords: .tooManyEmptyRecords
            default: .handshakeFailed
            }
        failures.count(reason)
    }
}

extension ReactorBase {
    /// Counts of this reactor's TLS.
    public var tlsMetrics: TLSMetrics { TLSRuntime.of(self).metrics }
}
