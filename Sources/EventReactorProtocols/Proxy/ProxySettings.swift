import EventReactorCore

/// How a listener reads PROXY headers: from whom, and what becomes of peers without one.
///
/// ```swift
/// let settings = ProxySettings(trusting: [try AddressPrefix("10.1.0.0/16")])
/// try reactor.listen(.tcp(port: 8080).proxyProtocol(settings)) { Echo() }
/// ```
public struct ProxySettings: Sendable {
    /// The default of ``maximumLength``.
    public static let defaultMaximumLength = 4096

    /// The peers that may say for whom they speak: your proxies, and no others.
    ///
    /// A peer in this list can claim any address. `AddressPrefix.everyone` is right only if a firewall lets nothing but
    /// proxies connect.
    public var trusted: [AddressPrefix]

    /// Whether a trusted peer has to send a header; yes unless set.
    ///
    /// If it need not, a connection begins when its first bytes are no header, or when ``deadline`` is over without
    /// any: where the server speaks first, a client without a header waits for that long.
    public var isRequired = true

    /// Treatment of peers that are not trusted; they are refused unless set.
    public var others = Others.refused

    /// How long a header may take, from the moment when the peer was accepted; 5 seconds unless set.
    ///
    /// Zero or less counts as a nanosecond.
    public var deadline: Duration = .seconds(5)

    /// The most bytes of addresses and extensions that a header of version 2 may have; 4,096 unless set, 65,535 at most.
    ///
    /// It is what a peer can have this program keep until the header is complete.
    public var maximumLength = ProxySettings.defaultMaximumLength

    /// Settings with the defaults.
    public init(trusting trusted: [AddressPrefix]) {
        self.trusted = trusted
    }

    /// Treatment of peers that are not trusted.
    public enum Others: Hashable, Sendable {
        /// They are closed as they are accepted.
        case refused
        /// They are served under their own addresses, and one that sends a header is refused.
        ///
        /// As with an optional header, the connection begins with the peer's first bytes or after
        /// ``ProxySettings/deadline``.
        case servedWithoutHeader
        /// They are served under their own addresses at once; a header that they send is data.
        case served
    }

    /// How a connection is to begin.
    enum Treatment {
        case refuse, serve
        case readHeader
        case readOptionalHeader
        /// It begins as with an optional header, which it must not have.
        case watchForHeader
    }

    func treatment(of peer: SocketAddress) -> Treatment {
        if trusted.contains(where: { $0.contains(peer) }) { return isRequired ? .readHeader : .readOptionalHeader }
        switch others {
        case .refused: return .refuse
        case .servedWithoutHeader: return .watchForHeader
        case .served: return .serve
        }
    }
}
