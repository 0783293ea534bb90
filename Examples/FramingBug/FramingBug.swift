// A framing bug that a plain test misses and a simulated network finds. Try it:
//
//     swift run FramingBug
//
// It prints the failing seed with the record of its run, and shows that the corrected server passes.

import EventReactorTesting

/// Answers each line with its length, and treats each piece of the stream as a line: that is the bug.
class LengthServer: Protocol {
    override func dataReceived(_ data: Span<UInt8>) {
        answer([UInt8](data).dropLast())
    }

    func answer(_ line: ArraySlice<UInt8>) {
        transport.write("\(line.count)\n")
    }
}

/// Buffers bytes until the line is complete.
final class FramedLengthServer: LengthServer {
    private var rest: [UInt8] = []

    override func dataReceived(_ data: Span<UInt8>) {
        rest.append(contentsOf: data)
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            answer(rest[..<end])
            rest.removeSubrange(...end)
        }
    }
}

/// Sends two lines, and keeps the answers.
final class Client: Protocol {
    private(set) var answers = ""

    override func connectionMade() {
        transport.write("one\n")
    }

    override func dataReceived(_ data: Span<UInt8>) {
        answers += String(decoding: data, as: UTF8.self)
        if answers == "3\n" { transport.write("three\n") }
    }
}

@main struct FramingBug {
    /// Asserts that two lines are answered by two lengths.
    static func scenario(_ network: SimulatedNetwork, _ makeServer: @escaping () -> Protocol) throws {
        let client = Client()
        try network.host("server").listenTCP(port: 7) { makeServer() }
        try network.host("client").connectTCP(host: "server", port: 7) { client }
        network.advance(by: .seconds(60))
        network.expect(client.answers == "3\n5\n", "the answers were \(client.answers.debugDescription)")
    }

    static func main() throws {
        // A test that feeds whole lines sees nothing wrong, and neither does a network without faults.
        let transport = TestTransport(for: LengthServer())
        transport.receive("one\n")
        transport.receive("three\n")
        print("whole lines are answered by \(transport.takeWrittenText().debugDescription)")
        try Simulation.check(seeds: 0..<1000, faults: []) { try scenario($0) { LengthServer() } }
        print("1000 seeds without faults pass")

        do {
            try Simulation.check(seeds: 0..<1000, faults: .harmless) { try scenario($0) { LengthServer() } }
        } catch {
            print("\n\(error)")
        }

        try Simulation.check(seeds: 0..<1000, faults: .harmless) { try scenario($0) { FramedLengthServer() } }
        print("1000 seeds with faults pass once the server keeps what has come until the line is whole")
    }
}
