#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Settings of a reactor.
///
/// ```swift
/// let reactor = try Reactor(configuration: Reactor.Configuration(stopSignals: [], acceptsPerTurn: 16))
/// ```
public struct ReactorConfiguration: Equatable, Sendable {
    /// The signals that stop the reactor as `stop()` does while it runs; ``defaultStopSignals`` by default.
    ///
    /// A second one while the reactor is stopping ends the wait for shutdown hooks. If a callback does not return, so that
    /// the loop has not taken the first signal when a second one comes, the process ends as the signal does by default,
    /// unless the loop takes it within half a second. The signals' earlier dispositions are restored when `run()`
    /// returns, except for signals for which other code has installed a handler meanwhile. If several reactors of a
    /// process run, each gets them.
    public var stopSignals: Set<Int32>

    /// Maximum size in bytes of the buffer that all connections of the reactor share for receiving; 256 KiB by default.
    ///
    /// It is the most that one `dataReceived` gets. The buffer begins with 64 KiB, or this if it is less, and grows while
    /// nearly all reads fill it. Values are clamped to 1 KiB and 16 MiB.
    public var receiveBufferSize: Int

    /// Maximum of connections that one listener accepts in a turn, so that a flood starves none; 64 by default.
    ///
    /// Less than 1 counts as 1. Fewer are accepted if they take long: past fifty microseconds, accepting gets no more
    /// than a fifth of the loop's time. Four may be accepted however long they take.
    public var acceptsPerTurn: Int

    /// Whether the loop measures how long its turns take, for ``ReactorMetrics/Loop/lag``; on by default.
    ///
    /// It reads the clock twice a turn, which takes some tens of nanoseconds, and several times that on a machine whose
    /// clock only the kernel can read.
    public var measuresLoopLag: Bool

    /// `SIGINT` and `SIGTERM`.
    public static let defaultStopSignals: Set<Int32> = [SIGINT, SIGTERM]

    /// Creates settings; each parameter sets the property of its name.
    public init(
        stopSignals: Set<Int32> = ReactorConfiguration.defaultStopSignals, receiveBufferSize: Int = 256 * 1024,
        acceptsPerTurn: Int = 64, measuresLoopLag: Bool = true
    ) {
        self.stopSignals = stopSignals
        self.receiveBufferSize = receiveBufferSize
        self.acceptsPerTurn = acceptsPerTurn
        self.measuresLoopLag = measuresLoopLag
    }
}
