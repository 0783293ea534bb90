import EventReactor
import EventReactorHandover
import EventReactorProtocols
import EventReactorTLS
import EventReactorTesting
import Glibc
import TestSupport
import Testing

@Suite("Endpoints as text: kinds of other modules")
struct EndpointKindTests {
    private let servers = EndpointParser<ServerEndpoint>.standard.addingTLS()
    private let clients = EndpointParser<ClientEndpoint>.standard.addingTLS()
    private let certificate = TestAuthority.path("server.pem")
    private let key = TestAuthority.path("server.key")
    private let root = TestAuthority.path("root.pem")

    @Test(arguments: ProxyEngine.allCases)
    func tlsOfTextsIsSpoken(_ engine: ProxyEngine) throws {
        let (server, end) = (ProxyEnd(), ProxyEnd())
        end.echoes = false
        try engine.run { reactor in
            let served = "tls:127.0.0.1:0:certificate=\(certificate):key=\(key):alpn=echo/2,echo"
            let port = try reactor.listen(ServerEndpoint(text: served, by: servers)) { server }
            let number = try #require(port.localAddress.port)
            let text = "tls:127.0.0.1:\(number):trust=\(root):serverName=localhost:alpn=echo:timeout=30"
            var agreed: String?
            end.onMade = {
                agreed = $0.transport.tls?.applicationProtocol
                $0.transport.write("hello")
            }
            end.onData = { if $0.received == "hello" { $0.transport.loseConnection() } }
            server.onLost = { _ in
                #expect(agreed == "echo")
                try? reactor.stop()
            }
            try reactor.connect(ClientEndpoint(text: text, by: clients)) {
                end
            } onFailure: {
                Issue.record($0)
                try? reactor.stop()
            }
        }
        #expect(end.received == "hello")
    }

    private func fault<Endpoint>(_ text: String, _ parser: EndpointParser<Endpoint>) -> EndpointTextError? {
        do throws(EndpointTextError) {
            _ = try parser.parse(text)
            return nil
        } catch {
            return error
        }
    }

    @Test func faultsOfTLSPointAtTheirArguments() {
        #expect(fault("tls:443", servers)?.fault == .missingArgument("certificate"))
        #expect(fault("tls:443:certificate=/none", servers)?.offset == 20)
        #expect(fault("tls:443:certificate=/none", servers)?.cause is TLSError)
        // Before any file is read.
        let unknown = fault("tls:443:certificate=/none:protocol=h2", servers)
        #expect(unknown?.offset == 26)
        if case .unknownArgument("protocol", let known)? = unknown?.fault {
            #expect(known.contains("clientTrust"))
        } else {
            Issue.record("\(String(describing: unknown))")
        }
        let good = "tls:443:certificate=\(certificate):key=\(key)"
        let count = good.utf8.count
        #expect(fault(good, servers) == nil)
        #expect(fault(good + ":clientTrust=\(root)", servers) == nil)
        #expect(fault(good + ":clientTrust=\(root):clientCertificates=required", servers) == nil)
        #expect(fault(good + ":clientTrust=\(root):clientCertificates=requested", servers) == nil)
        #expect(fault(good + ":clientCertificates=requested", servers)?.offset == count + 20)
        #expect(fault(good + ":clientTrust=\(root):clientCertificates=maybe", servers) != nil)
        #expect(fault(good + ":clientTrust=/none", servers)?.cause is TLSError)
        #expect(fault(good + ":alpn=h2,,h3", servers)?.offset == count + 6)
        #expect(fault("tls:h:443:trust=/none", clients)?.offset == 16)
        let alone = fault("tls:h:443:trust=\(root):key=/none", clients)
        #expect(alone?.fault == .badValue(argument: "key", "given without certificate"))
        #expect(fault("tls:h:443:trust=\(root):serverName=a b", clients)?.cause is TLSError)
        let plain = fault("tls:h:443", EndpointParser<ClientEndpoint>.standard)
        #expect(plain?.fault == .unknownKind("tls", known: ["tcp", "unix"]))
    }

    @Test func endpointsWithTLSHaveNoText() throws {
        #expect(try ClientEndpoint(text: "tls:h:443:trust=\(root)", by: clients).text == nil)
    }

    /// As Documentation/Endpoints.md has it.
    @Test func socketsOfSystemdAreAKindThatAProgramAdds() throws {
        let fd = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(fd) }
        #expect(Glibc.listen(fd, 1) == 0)
        let sockets = try SystemdSockets.parse(
            descriptors: "1", process: "\(getpid())", names: "web", own: getpid(), first: fd)
        let passed = (sockets?.all ?? []).map { ($0.name, $0.takeDescriptors()) }
        let inherited = Dictionary(uniqueKeysWithValues: passed)
        let parser = EndpointParser<ServerEndpoint>.standard.adding("systemd") { arguments in
            let name = try arguments.required("name")
            guard let fds = inherited[name.text] else { throw name.invalid("not a socket that systemd passed on") }
            return .inherited(fds)
        }
        #expect(try ServerEndpoint(text: "systemd:name=web", by: parser) == .inherited([fd]))
        #expect(fault("systemd:name=ftp", parser)?.offset == 13)
        let reactor = try Reactor()
        let port = try reactor.listen(ServerEndpoint(text: "systemd:name=web", by: parser)) { nil }
        #expect(port.localAddress.port != nil)
        reactor.close()
    }
}
