import EventReactorCore
import EventReactorTLS
import EventReactorTesting

/// A peer's bytes at an end of TLS, whole and in pieces: the same plaintext and the same end, and nothing is left.
///
/// OpenSSL's random numbers begin anew with each connection, so that the bytes of a recorded handshake are those that this
/// end expects: what libFuzzer changes in them reaches all that follows a handshake too.
enum TLSTargets {
    static let all: [String: FuzzTarget] = [
        "tls-server": { compare($0, [.server]) },
        "tls-client": { compare($0, clients) },
    ]

    static let clients: [TLSEnd.Role] = [.client, .oldClient, .retryingClient]

    static let recordings: [String: @Sendable () -> [[UInt8]]] = [
        "tls-server": { TLSRecording.all.map(\.fromClient) },
        "tls-client": { TLSRecording.all.map(\.fromServer) },
    ]

    /// The first byte of the input chooses the end, the next ones are the sizes of the pieces, the rest is what arrives.
    private static func compare(_ input: UnsafeRawBufferPointer, _ roles: [TLSEnd.Role]) {
        guard let first = input.first, case let sizeCount = Int(first % 8), input.count > sizeCount else { return }
        let role = roles[Int(first / 8) % roles.count]
        let sizes = input[1..<1 + sizeCount].map { Int($0) + 1 }
        let bytes = [UInt8](input[(1 + sizeCount)...])
        let whole = run(role, bytes, [])
        for pieces in [sizes, Array(repeating: 7, count: bytes.count / 7)] {
            let other = run(role, bytes, pieces)
            // How many empty records are too many is counted for each piece.
            if whole.isFlooded || other.isFlooded { continue }
            precondition(other.plaintext == whole.plaintext, "other plaintext in other pieces")
            precondition(other.outcome == whole.outcome, "\(other.outcome) in pieces, \(whole.outcome) whole")
        }
    }

    private static func run(_ role: TLSEnd.Role, _ bytes: [UInt8], _ pieces: [Int]) -> TLSEnd.Served {
        let end = TLSEnd(role)
        end.act { $0.receive(bytes, splitInto: pieces) }
        end.act { $0.receiveEnd() }
        // Longer than a handshake may take, and than an alert may.
        end.act { $0.advance(by: .seconds(70)) }
        precondition(end.transport.isClosed, "the end was not handled")
        return end.served
    }
}
