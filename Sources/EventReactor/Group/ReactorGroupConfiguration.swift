public import EventReactorCore

extension ReactorGroup {
    /// Settings of a group.
    public struct Configuration: Equatable, Sendable {
        /// The settings of each reactor, but that its ``ReactorConfiguration/stopSignals`` stop the group.
        public var reactor: ReactorConfiguration

        /// Who accepts connections; ``Accepting/eachReactor`` unless set.
        public var accepting: Accepting

        /// Which processors the threads run on; ``Pinning/none`` unless set.
        public var pinning: Pinning

        /// Maximum time for live connections to finish after a signal, or after a reactor of the group stops by itself;
        /// zero (default) and negative: none.
        public var drainTime: Duration

        /// The name of the threads in `top -H` and in debuggers, with the reactor's place after it; `reactor` unless
        /// set.
        ///
        /// The system keeps 15 bytes: a longer name is cut, and one with a NUL there, its place never.
        public var threadName: String

        /// Whether each thread has a table of descriptors of its own, so that each may open as many as the limit
        /// (`RLIMIT_NOFILE`) allows; no unless set.
        ///
        /// It costs more than memory: a descriptor of one thread means another file, or none, on any other. Read the
        /// page on groups before turning it on. Only Linux has it, and it goes with ``Accepting/eachReactor`` alone.
        public var privateDescriptorTables: Bool

        /// Creates settings; each parameter sets the property of its name.
        public init(
            reactor: ReactorConfiguration = ReactorConfiguration(), accepting: Accepting = .eachReactor,
            pinning: Pinning = .none, drainTime: Duration = .zero, threadName: String = "reactor",
            privateDescriptorTables: Bool = false
        ) {
            self.reactor = reactor
            self.accepting = accepting
            self.pinning = pinning
            self.drainTime = drainTime
            self.threadName = threadName
            self.privateDescriptorTables = privateDescriptorTables
        }
    }

    /// Who accepts the connections of a group's listeners.
    public struct Accepting: Equatable, Sendable {
        /// By which rule connections are handed round.
        public enum Handing: Hashable, Sendable {
            /// Each reactor has the next.
            case inTurn
            /// The reactor with the fewest connections has it.
            case toFewestConnections
        }

        /// Nil if each reactor accepts for itself.
        let handing: Handing?

        /// Each reactor has a socket of its own at the address, and the kernel spreads connections over them by a hash
        /// of their addresses (`SO_REUSEPORT`): the default.
        ///
        /// UNIX sockets cannot share an address; with them the group does as with ``acceptor``.
        public static let eachReactor = Accepting(handing: nil)

        /// One reactor accepts, the first that listens, and connections are handed to all of them in turn.
        public static let acceptor = Accepting(handing: .inTurn)

        /// One reactor accepts, the first that listens, and connections are handed to all of them.
        public static func acceptor(handing: Handing) -> Accepting { Accepting(handing: handing) }
    }

    /// Which processors the threads of a group run on.
    public enum Pinning: Hashable, Sendable {
        /// Any that the process may use, as the system sees fit.
        case none
        /// One each, in order, of those that the process may use; with more reactors than processors they share.
        case inOrder
        /// These processors, by the system's numbers, one for each reactor; reused from the first if there are fewer
        /// processors than reactors.
        case processors([Int])
    }
}
