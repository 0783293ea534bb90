import EventReactor
import Glibc
import Testing

@Suite("Files and relays that cannot begin")
struct TransferErrorTests {
    @Test(arguments: Setting.all)
    func whatCannotBeSentIsSaidAtOnce(_ setting: Setting) throws {
        try setting.run { world in
            let (server, client) = try world.pair()
            let file = try PatternFile(world, 1000)
            let pipe = world.freshPath()
            #expect(unsafe mkfifo(pipe, 0o600) == 0)
            func refused(_ body: () throws -> Void) -> FileError? {
                do { try body() } catch { return error as? FileError }
                Issue.record("it was not refused")
                return nil
            }
            let wasNever = Recorder()
            server.onMade = { server in
                let transport = server.transport
                for path in [file.path + "x", file.path + "/x", file.path + "\0", ""] {
                    guard case .notFound(path)? = refused({ try transport.sendFile(path: path) }) else {
                        Issue.record("\(path.debugDescription) was found")
                        continue
                    }
                }
                for path in ["/tmp", pipe, "/dev/null"] {
                    guard case .notRegular(path)? = refused({ try transport.sendFile(path: path) }) else {
                        Issue.record("\(path) was taken for a file")
                        continue
                    }
                }
                for (offset, length) in [(-1, nil), (1001, nil), (0, 1001), (999, 2), (0, -1), (.max, .max), (1, .max)]
                    as [(Int, Int?)]
                {
                    guard
                        case .outOfRange(file.path, offset, length, 1000)? = refused({
                            try transport.sendFile(path: file.path, offset: offset, length: length)
                        })
                    else {
                        Issue.record("\(offset) and \(String(describing: length)) were taken for a range")
                        continue
                    }
                }
                guard case .system(_, let error)? = refused({ _ = try ReadableFile(adopting: -1) }), error.code == EBADF
                else {
                    Issue.record("-1 was taken for a descriptor")
                    return
                }
                for one in [transport, wasNever.transport] {
                    if one === transport { transport.loseWriteConnection() }
                    guard
                        case .closed? = refused({
                            try one.sendFile(path: file.path) { _ in Issue.record("the completion was called") }
                        })
                    else {
                        Issue.record("a closed connection took a file")
                        return
                    }
                }
                transport.loseConnection()
            }
            world.finishWhenLost(server, client) {
                #expect(client.received.isEmpty)
                guard case .closed? = refused({ try server.transport.sendFile(path: file.path) }) else {
                    Issue.record("a lost connection took a file")
                    return
                }
            }
        }
    }

    @Test(arguments: Setting.all)
    func whatCannotBeginIsSaidAtOnce(_ setting: Setting) throws {
        let other = try setting.makeWorld()
        defer { other.end() }
        try setting.run { world in
            let forwarding = try Forwarding(world, isBothWays: false)
            forwarding.client.onMade = { $0.transport.write("x") }
            func refusal(_ from: any Transport, _ to: any Transport) -> String {
                do throws(RelayError) {
                    try from.relay(to: to) { _, _ in Issue.record("the completion of a refused relay was called") }
                } catch {
                    return switch error {
                    case .sourceClosed: "source"
                    case .receiverClosed: "receiver"
                    case .alreadyRelaying: "already"
                    case .otherReactor: "reactor"
                    case .unsupported: "unsupported"
                    case .otherLost: "lost"
                    }
                }
                return "none"
            }
            let strangers = (Recorder("stranger"), Recorder("guest"))
            let port = try other.listen { strangers.0 }
            try other.connect(to: port.localAddress) { strangers.1 }
            strangers.1.onMade = { _ in other.finish() }
            strangers.1.onLost = { _, _ in }
            var stranger: (any Transport)?
            strangers.1.onMade = { [unowned other] guest in
                stranger = guest.transport
                let (incoming, outgoing) = (forwarding.incoming.transport, forwarding.outgoing.transport)
                #expect(refusal(outgoing, guest.transport) == "reactor")
                #expect(refusal(outgoing, Recorder().transport) == "unsupported")
                #expect(refusal(Recorder().transport, outgoing) == "source")
                #expect(refusal(incoming, outgoing) == "already")
                incoming.loseWriteConnection()
                #expect(refusal(outgoing, incoming) == "receiver")
                outgoing.loseConnection()
                #expect(refusal(outgoing, incoming) == "source")
                other.finish()
            }
            world.wait(until: { forwarding.target.text == "x" }) {
                do { try other.run() } catch { Issue.record(error) }
                #expect(stranger != nil)
            }
            forwarding.client.closesWithPeer = true
            forwarding.target.closesWithPeer = true
            forwarding.finish {
                let gone = forwarding.incoming.transport
                #expect(refusal(gone, gone) == "source")
            }
        }
    }
}
