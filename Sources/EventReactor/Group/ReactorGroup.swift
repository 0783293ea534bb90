import EventReactorCore

/// Several reactors, each on a thread of its own, all set up by one closure: a server on all processors.
///
/// ```swift
/// @main struct Server {
///     static func main() throws {
///         let group = try ReactorGroup { reactor in
///             try reactor.listenTCP(port: 8007) { Echo() }
///         }
///         try group.run()
///     }
/// }
/// ```
///
/// A connection stays on one reactor, and reactors share nothing: the compiler checks that a protocol reaches only
/// objects of its own thread. Reactors of a group that listen at the same address share it, as ``Accepting`` says.
///
/// The group itself may be used from any thread. It can be started again once it has stopped. A started group lives
/// until it has stopped, whether or not it is retained.
public final class ReactorGroup: Sendable {
    struct Settings: Sendable {
        let count: Int
        let configuration: Configuration
        let setUp: @Sendable (Reactor) throws -> Void
    }

    let settings: Settings
    /// The current run, or the last one.
    let latest = Locked<GroupRun?>(nil)

    init(_ settings: Settings) {
        self.settings = settings
    }

    /// The number of reactors.
    public var count: Int { settings.count }
}
