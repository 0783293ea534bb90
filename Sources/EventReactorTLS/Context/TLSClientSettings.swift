/// How a client speaks TLS; the defaults are those for servers on the Internet.
public struct TLSClientSettings: Sendable {
    /// The authorities that may vouch for the server; the system's unless set.
    public var trust: TLSTrust = .system

    /// Checks of the server's certificate; all of them unless set.
    public var verification: Verification = .full

    /// The name that the server has to prove, and that is sent to it (SNI); nil for the host of the endpoint.
    ///
    /// An address is proved as well, and not sent.
    public var serverName: String?

    /// Certificate and key of the client, for servers that ask; nil for none.
    public var identity: TLSIdentity?

    /// The oldest version to speak; TLS 1.2 unless set.
    public var minimumVersion: TLSVersion = .tls12

    /// The newest version to speak; nil for the newest there is.
    public var maximumVersion: TLSVersion?

    /// The cipher suites to offer, in the order of preference; nil for those with authenticated encryption and forward
    /// secrecy.
    public var cipherSuites: [TLSCipherSuite]?

    /// The groups for agreeing on keys, in the order of preference; nil for X25519, P-256 and P-384.
    public var groups: [TLSGroup]?

    /// The protocols of the application to offer (ALPN), in the order of preference: 1 to 255 bytes each.
    public var applicationProtocols: [String] = []

    /// Where sessions are kept to be resumed; nil for no resumption.
    public var sessions: TLSSessionCache? = TLSSessionCache(capacity: 256)

    /// Whether the server is asked for a stapled OCSP response, which ``TLSInfo/stapledResponse`` has.
    ///
    /// The response is not checked by the library.
    public var requestsStapledResponse = false

    /// How long a handshake may take.
    public var handshakeTimeout: Duration = .seconds(60)

    /// Called with lines for the key log of Wireshark, on any thread; nil for no log.
    public var keyLog: (@Sendable (_ line: String) -> Void)?

    /// The defaults.
    public init() {}

    /// Checks of a server's certificate.
    public enum Verification: Sendable {
        /// The chain up to a trusted authority, and the name or address.
        case full
        /// The chain, and not the name: any server of the authorities can play the one that is wanted.
        case chainOnly
        /// Nothing: anyone on the way can read and change everything.
        case unsafelyNone
    }
}
