/// A packet from one socket to another: the range of bytes that it carries, and its sender's acknowledgement.
struct Packet {
    struct Flags: OptionSet {
        let rawValue: UInt8
        /// The end of the stream, after the bytes (FIN).
        static let end = Flags(rawValue: 1 << 0)
        /// The connection is reset (RST).
        static let reset = Flags(rawValue: 1 << 1)
        /// The receiver shall answer.
        static let probe = Flags(rawValue: 1 << 2)
    }

    let from: Int32
    let to: Int32
    var flags: Flags = []
    /// The sequence number of the first byte; the bytes themselves stay with the sender until they are acknowledged.
    var sequence: Int64 = 0
    var count: Int = 0
    /// The next sequence number that the sender expects.
    var acknowledged: Int64 = 0
    /// The first sequence number beyond the sender's receive window.
    var window: Int64 = 0
}
