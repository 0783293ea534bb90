/// Settings of a listener.
///
/// ```swift
/// var options = ListenOptions(reusePort: true)
/// options.stream.closeDeadline = .seconds(10)
/// try reactor.listen(.tcp(port: 8007), options: options) { Echo() }
/// ```
public struct ListenOptions: Equatable, Sendable {
    /// The settings that each accepted connection starts with.
    public var stream: StreamOptions

    /// Whether other sockets of the same user may listen at the same address (`SO_REUSEPORT`); off by default.
    public var reusePort: Bool

    /// Treatment of new peers while descriptors are exhausted; ``DescriptorShortagePolicy/close`` by default.
    public var whenOutOfDescriptors: DescriptorShortagePolicy

    /// The limits of its connections, in all and from one peer, and of their rate; none by default.
    public var limits: ConnectionLimits

    /// Creates settings; each parameter sets the property of its name.
    public init(
        stream: StreamOptions = StreamOptions(), reusePort: Bool = false,
        whenOutOfDescriptors: DescriptorShortagePolicy = .close, limits: ConnectionLimits = ConnectionLimits()
    ) {
        self.stream = stream
        self.reusePort = reusePort
        self.whenOutOfDescriptors = whenOutOfDescriptors
        self.limits = limits
    }
}
