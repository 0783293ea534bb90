/// How a server speaks TLS; every setting but the identity has a safe default.
public struct TLSServerSettings: Sendable {
    /// Certificate and key of the server.
    public var identity: TLSIdentity

    /// Chooses an identity by the name that the client asks for (SNI), in place of ``identity``; nil for ``identity``.
    ///
    /// It is called on the thread of the connection's reactor, in the handshake: it must not block. The name is the
    /// client's, in lower case: it may be anything.
    public var identityForServerName: (@Sendable (_ name: String) -> TLSIdentity?)?

    /// The oldest version to speak; TLS 1.2 unless set.
    public var minimumVersion: TLSVersion = .tls12

    /// The newest version to speak; nil for the newest there is.
    public var maximumVersion: TLSVersion?

    /// The cipher suites to offer, in the order of preference; nil for those with authenticated encryption and forward
    /// secrecy.
    public var cipherSuites: [TLSCipherSuite]?

    /// The groups for agreeing on keys, in the order of preference; nil for X25519, P-256 and P-384.
    public var groups: [TLSGroup]?

    /// The protocols of the application that the server speaks (ALPN), in the order of preference: 1 to 255 bytes each.
    public var applicationProtocols: [String] = []

    /// Whether a client that offers application protocols, but none of ours, is refused; otherwise there is none.
    public var refusesUnknownProtocols = true

    /// Whether clients show a certificate.
    public var clientCertificates: ClientCertificates = .none

    /// The number of session tickets that a handshake gives the client to resume with, 0 to 16; 1 unless set, as each
    /// costs a message.
    public var ticketCount = 1

    /// The keys of session tickets: servers that share them resume each other's sessions; nil for keys of its own.
    public var ticketKeys: TLSTicketKeys?

    /// A stapled OCSP response by DER, which clients get that ask for one; nil for none.
    public var stapledResponse: [UInt8]?

    /// How long a handshake may take.
    public var handshakeTimeout: Duration = .seconds(60)

    /// How many handshakes of a reactor may be under way with this context; more of them wait, and count against their
    /// timeout.
    ///
    /// One takes up to 45 kB of memory. A client that has sent nothing is not counted: it takes none.
    public var handshakesUnderWay = 1000

    /// Called with lines for the key log of Wireshark, on any thread; nil for no log.
    ///
    /// The log decrypts the connections. The variable `SSLKEYLOGFILE` has no effect.
    public var keyLog: (@Sendable (_ line: String) -> Void)?

    /// Settings with an identity and the defaults.
    public init(identity: TLSIdentity) {
        self.identity = identity
    }

    /// Whether clients show a certificate, and whom it has to come from.
    public enum ClientCertificates: Sendable {
        /// They are not asked for one.
        case none
        /// They are asked, and a handshake without one succeeds; one that is not trusted fails.
        case request(TLSTrust)
        /// A handshake without a certificate that is trusted fails.
        case require(TLSTrust)
    }
}
