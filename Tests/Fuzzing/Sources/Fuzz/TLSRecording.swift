import EventReactorTesting

/// The bytes of both ends of a handshake and an exchange, as inputs of the targets: in one piece.
struct TLSRecording {
    private(set) var fromServer: [UInt8]
    private(set) var fromClient: [UInt8] = [0]

    static var all: [TLSRecording] {
        TLSTargets.clients.indices.map { TLSRecording($0) }
    }

    /// - Parameter index: of the client's role.
    private init(_ index: Int) {
        let role = TLSTargets.clients[index]
        fromServer = [UInt8(index * 8)]
        let server = TLSEnd(.server)
        let client = TLSEnd(role)
        passOn(client, server)
        client.act { _ in client.served.transport.write("hello") }
        passOn(client, server)
        client.act { _ in client.served.transport.loseConnection() }
        passOn(client, server)
        for (role, input) in [(.server, fromClient), (role, fromServer)] as [(TLSEnd.Role, [UInt8])] {
            let end = TLSEnd(role)
            end.act { $0.receive(Array(input[1...])) }
            precondition(end.served.plaintext == Array("hello".utf8), "not as recorded: \(end.served.outcome)")
        }
    }

    private mutating func passOn(_ client: TLSEnd, _ server: TLSEnd) {
        while true {
            let request = client.act { $0.takeWritten() }
            fromClient += request
            if !request.isEmpty { server.act { $0.receive(request) } }
            let answer = server.act { $0.takeWritten() }
            fromServer += answer
            if !answer.isEmpty { client.act { $0.receive(answer) } }
            if request.isEmpty && answer.isEmpty { return }
        }
    }
}
