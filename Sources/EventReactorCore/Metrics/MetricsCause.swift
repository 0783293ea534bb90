/// A cause by which events are counted: an enumeration whose raw values count up from 0 without a gap.
public protocol MetricsCause: CaseIterable, RawRepresentable<Int>, Sendable {
    /// The cause as a lower-case word for labels, such as `timed_out`; no other case of the type has it.
    var name: String { get }
}
