import CFuzzRandom
import EventReactorCore
import EventReactorTLS
import EventReactorTesting

/// One end of TLS over a test's transport, with random numbers of its own.
final class TLSEnd {
    enum Role: UInt64 {
        case server = 1
        case client
        /// A client that speaks TLS 1.2.
        case oldClient
        /// A client whose first guess at a key exchange the server refuses.
        case retryingClient
    }

    /// As a server, sends back what arrives.
    final class Served: Protocol {
        private let echoes: Bool
        private(set) var plaintext: [UInt8] = []
        private(set) var isMade = false
        private var reason: ConnectionLostReason?

        init(echoes: Bool) {
            self.echoes = echoes
        }

        var error: TLSError? {
            if case .failed(let error)? = reason { error as? TLSError } else { nil }
        }

        var isFlooded: Bool { error == .tooManyEmptyRecords }

        var outcome: String { "made: \(isMade), \(String(describing: reason))" }

        override func connectionMade() { isMade = true }

        override func dataReceived(_ data: Span<UInt8>) {
            plaintext.append(contentsOf: (0..<data.count).map { data[$0] })
            if echoes { transport.write(data) }
        }

        override func connectionLost(_ reason: ConnectionLostReason) { self.reason = reason }
    }

    let served: Served
    let transport: TestTransport
    private var random: UInt64

    init(_ role: Role) {
        served = Served(echoes: role == .server)
        let contexts = TLSEnd.contexts
        fuzz_random_set_state(role.rawValue)
        transport = TestTransport(for: contexts.secured(served, role), on: TLSEnd.reactor)
        random = fuzz_random_state()
    }

    /// Calls a closure in which this end may use OpenSSL.
    func act<Result>(_ body: (TestTransport) -> Result) -> Result {
        fuzz_random_set_state(random)
        defer { random = fuzz_random_state() }
        return body(transport)
    }

    /// Making one for each connection would take most of the time.
    nonisolated(unsafe) private static let reactor = SimulatedReactor(seed: 0)
    private static let contexts = Contexts()

    private struct Contexts {
        let server: TLSServerContext
        let client: TLSClientContext
        let oldClient: TLSClientContext
        let retryingClient: TLSClientContext

        init() {
            do throws(TLSError) {
                let text = FuzzIdentity.text
                let identity = try TLSIdentity.pem(chainBytes: text, keyBytes: text)
                var settings = TLSServerSettings(identity: identity)
                settings.applicationProtocols = ["h2", "http/1.1"]
                settings.clientCertificates = .request(.pem(text))
                settings.groups = [.x25519]
                server = try TLSServerContext(settings)
                var client = TLSClientSettings()
                client.trust = .pem(text)
                client.serverName = "fuzz"
                client.applicationProtocols = ["http/1.1"]
                client.identity = identity
                client.sessions = nil
                self.client = try TLSClientContext(client)
                client.groups = [.p256, .x25519]
                retryingClient = try TLSClientContext(client)
                client.maximumVersion = .tls12
                client.identity = nil
                oldClient = try TLSClientContext(client)
            } catch {
                fatalError("\(error)")
            }
        }

        func secured(_ served: Protocol, _ role: Role) -> Protocol {
            do {
                return switch role {
                case .server: server.secured(served)
                case .client: try client.secured(served)
                case .oldClient: try oldClient.secured(served)
                case .retryingClient: try retryingClient.secured(served)
                }
            } catch {
                fatalError("\(error)")
            }
        }
    }
}
