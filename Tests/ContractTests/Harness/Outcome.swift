import EventReactor
import Testing

/// The outcome of a connect: it ends once, by a failure or by a protocol, and never inside a call.
final class Outcome {
    private(set) var failures: [ConnectError] = []
    private(set) var connections = 0
    var onFailure: (ConnectError) -> Void = { _ in }
    private var isInsideCall = false

    let client = Recorder("client")

    /// Makes a call that must not call back before it returns.
    func without<Result>(callbacks body: () throws -> Result) rethrows -> Result {
        isInsideCall = true
        defer { isInsideCall = false }
        return try body()
    }

    func failed(_ error: ConnectError) {
        #expect(!isInsideCall, "the failure came inside a call")
        #expect(connections == 0 && failures.isEmpty, "a connect ended twice")
        failures.append(error)
        // No other one follows: objects that the closures captured may retain this outcome.
        let callback = onFailure
        onFailure = { _ in }
        callback(error)
        client.forget()
    }

    func makeProtocol() -> Protocol? {
        #expect(!isInsideCall, "the connection came inside a call")
        #expect(connections == 0 && failures.isEmpty, "a connect ended twice")
        connections += 1
        onFailure = { _ in }
        return client
    }
}

extension World {
    /// A connect whose outcome is recorded.
    @discardableResult
    func connect(to address: SocketAddress, timeout: Duration? = .seconds(30), outcome: Outcome) throws -> Connector {
        try outcome.without {
            try connect(
                to: address, timeout: timeout, { outcome.makeProtocol() }, onFailure: { outcome.failed($0) })
        }
    }
}
