/// A cause by which something is counted: an enumeration whose raw values are 0 and up, without a gap.
public protocol MetricsCause: CaseIterable, RawRepresentable<Int>, Sendable {
    /// The cause in one word of lower case, for labels.
    var name: String { get }
}

extension ReactorMetrics {
    /// Counts by cause.
    public struct Tally<Cause: MetricsCause>: Equatable, Sendable, CustomStringConvertible {
        private var counts: Counts

        init() {
            counts = Counts(Cause.allCases.count)
        }

        /// A tally of counts that are in the order of the cases.
        package init(_ counts: Counts) {
            self.counts = counts
        }

        /// How many there were of one cause.
        public package(set) subscript(_ cause: Cause) -> Int {
            get { counts.values[cause.rawValue] }
            set { counts.values[cause.rawValue] = newValue }
        }

        /// How many there were of all causes.
        public var total: Int { counts.total }

        /// Combines the counts of each cause with those of another tally.
        func combined(with other: Tally, _ combine: (Int, Int) -> Int) -> Tally {
            var result = self
            result.counts = counts.combined(with: other.counts, combine)
            return result
        }

        /// Each cause in one word with its count, in the order of the cases.
        func forEach(_ body: (_ name: String, _ count: Int) -> Void) {
            counts.forEach(named: Tally.name, body)
        }

        /// The total, and in brackets the causes that occurred.
        public var description: String { counts.text(named: Tally.name) }

        private static func name(_ rawValue: Int) -> String { Cause(rawValue: rawValue)?.name ?? "" }
    }

    /// What tallies of all kinds have alike: compiled once, not for each kind of cause.
    package struct Counts: Equatable, Sendable {
        package var values: [Int]

        package init(_ count: Int) {
            values = [Int](repeating: 0, count: count)
        }

        var total: Int { values.reduce(0, &+) }

        func combined(with other: Counts, _ combine: (Int, Int) -> Int) -> Counts {
            var result = self
            for index in values.indices { result.values[index] = combine(values[index], other.values[index]) }
            return result
        }

        func forEach(named name: (Int) -> String, _ body: (_ name: String, _ count: Int) -> Void) {
            for index in values.indices { body(name(index), values[index]) }
        }

        /// The total, and in brackets the causes that occurred.
        func text(named name: (Int) -> String) -> String {
            var causes = ""
            forEach(named: name) { name, count in
                if count != 0 { causes += (causes.isEmpty ? "" : ", ") + "\(name) \(count)" }
            }
            return causes.isEmpty ? "0" : "\(total) (\(causes))"
        }
    }

    /// What made a connection.
    public enum Origin: Int, MetricsCause {
        /// A listener accepted it.
        case listener

        /// A connector connected it.
        case connector

        /// Anything else: a transport of a test, for one.
        case other

        /// The cause in one word.
        public var name: String {
            switch self {
            case .listener: "listener"
            case .connector: "connector"
            case .other: "other"
            }
        }
    }

    /// How a connection was lost: the cases of ``ConnectionLostReason`` without what they carry.
    public enum Loss: Int, MetricsCause {
        /// Closed in order.
        case done

        /// Reset by the peer, or the peer out of reach.
        case lost

        /// A deadline ended first.
        case timedOut

        /// Aborted by this side.
        case aborted

        /// A callback threw, or a limit was passed.
        case failed

        /// The reactor stopped.
        case reactorStopped

        /// The cause in one word.
        public var name: String {
            switch self {
            case .done: "done"
            case .lost: "lost"
            case .timedOut: "timed_out"
            case .aborted: "aborted"
            case .failed: "failed"
            case .reactorStopped: "reactor_stopped"
            }
        }
    }

    /// Why a peer was closed without having been a connection.
    public enum Refusal: Int, MetricsCause {
        /// There was no descriptor for it, or no memory: it was accepted by the one in reserve and closed.
        case noDescriptor

        /// The factory returned nil.
        case declined

        /// It could not be watched.
        case unwatched

        /// Its protocol object serves another connection.
        case protocolReused

        /// The listener had as many connections as it may have.
        case overTotal

        /// Its address had as many connections as one may have.
        case overPerPeer

        /// Peers came faster than the listener takes them.
        case overRate

        /// The cause in one word.
        public var name: String {
            switch self {
            case .noDescriptor: "no_descriptor"
            case .declined: "declined"
            case .unwatched: "unwatched"
            case .protocolReused: "protocol_reused"
            case .overTotal: "over_total"
            case .overPerPeer: "over_per_peer"
            case .overRate: "over_rate"
            }
        }
    }

    /// Why a connect came to nothing: the cases of ``ConnectError`` without what they carry, and one more.
    public enum ConnectFailure: Int, MetricsCause {
        /// The host has no address.
        case unresolvable

        /// The peer refused.
        case refused

        /// No answer came in time.
        case timedOut

        /// There is no way to the peer.
        case unreachable

        /// It was cancelled, or the reactor stopped.
        case cancelled

        /// The address to connect from could not be bound.
        case bindFailed

        /// The system refused for another reason.
        case system

        /// It was connected, and the factory returned nil.
        case declined

        /// The cause in one word.
        public var name: String {
            switch self {
            case .unresolvable: "unresolvable"
            case .refused: "refused"
            case .timedOut: "timed_out"
            case .unreachable: "unreachable"
            case .cancelled: "cancelled"
            case .bindFailed: "bind_failed"
            case .system: "system"
            case .declined: "declined"
            }
        }
    }
}
