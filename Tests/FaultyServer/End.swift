import EventReactor
import TestSupport

/// One end of a connection: checks that its loss is reported once.
class End: Protocol {
    unowned let load: Load
    private(set) var isMade = false
    private(set) var reason: ConnectionLostReason?
    /// The peer's end came in order.
    private(set) var sawEnd = false
    /// The bytes that arrived, and those that were written, after the header.
    var received = 0
    var written = 0

    init(_ load: Load) {
        self.load = load
    }

    func complain(_ text: String) {
        load.complain("\(self): \(text)")
    }

    override func connectionMade() throws {
        if isMade { complain("made twice") }
        isMade = true
        load.activity += 1
        load.live += 1
    }

    override func dataReceived(_ data: Span<UInt8>) throws {
        load.activity += 1
        if reason != nil || sawEnd { complain("bytes after the end") }
    }

    override func readConnectionLost() {
        load.activity += 1
        if reason != nil || sawEnd { complain("a second end") }
        sawEnd = true
    }

    override func connectionLost(_ reason: ConnectionLostReason) {
        load.activity += 1
        if self.reason != nil || !isMade { complain("a second loss") }
        self.reason = reason
        load.live -= 1
        load.finishIfDone()
    }
}
