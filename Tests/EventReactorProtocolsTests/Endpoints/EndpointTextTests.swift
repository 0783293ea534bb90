import EventReactorProtocols
import EventReactorTesting
import Testing

@Suite("Endpoints as text: reading")
struct EndpointTextTests {
    private static func ip(_ text: String, _ port: Int = 0) -> SocketAddress {
        try! SocketAddress(ip: text, port: port)
    }

    @Test(
        arguments: [
            ("tcp:8080", .tcp(port: 8080)), ("tcp:0", .tcp(port: 0)), ("tcp:65535", .tcp(port: 65_535)),
            ("tcp:127.0.0.1:8080", .tcp(port: 8080, host: "127.0.0.1")),
            ("tcp:8080:interface=127.0.0.1", .tcp(port: 8080, host: "127.0.0.1")),
            ("tcp:[::1]:8080", .tcp(port: 8080, host: "::1")), ("tcp:\\:\\:1:8080", .tcp(port: 8080, host: "::1")),
            ("tcp:8080:interface=[::1]", .tcp(port: 8080, host: "::1")),
            ("tcp:8080:interface=\\:\\:1", .tcp(port: 8080, host: "::1")),
            ("tcp:localhost:80:backlog=7", .tcp(port: 80, host: "localhost", backlog: 7)),
            ("tcp:80:backlog=2147483647", .tcp(port: 80, backlog: 2_147_483_647)),
            ("unix:/run/x.sock", .unix(path: "/run/x.sock")),
            ("unix:/run/x.sock:mode=660", .unix(path: "/run/x.sock", mode: 0o660)),
            ("unix:/run/x:backlog=5:mode=0660", .unix(path: "/run/x", mode: 0o660, backlog: 5)),
            ("unix:/a\\:b\\=c\\\\d:mode=2770", .unix(path: "/a:b=c\\d", mode: 0o2770)),
            ("unix:@name", .unix(path: "\0name")), ("unix:\\@name", .unix(path: "@name")),
            ("unix:\\[x", .unix(path: "[x")), ("unix:[a:b]", .unix(path: "[a:b]")), ("unix:/ü", .unix(path: "/ü")),
        ] as [(String, ServerEndpoint)])
    func aServerIsReadFromText(_ text: String, _ wanted: ServerEndpoint) throws {
        #expect(try ServerEndpoint(text: text) == wanted)
    }

    @Test(
        arguments: [
            ("tcp:example.org:80", .tcp(host: "example.org", port: 80)),
            ("tcp:[2001:db8::1]:80:timeout=10", .tcp(host: "2001:db8::1", port: 80, timeout: .seconds(10))),
            ("tcp:h:80:timeout=none", .tcp(host: "h", port: 80, timeout: nil)),
            ("tcp:h:80:timeout=0.25", .tcp(host: "h", port: 80, timeout: .milliseconds(250))),
            (
                "tcp:h:80:timeout=0.000000000000000001",
                .tcp(host: "h", port: 80, timeout: Duration(secondsComponent: 0, attosecondsComponent: 1))
            ),
            ("tcp:h:80:bindAddress=192.0.2.1", .tcp(host: "h", port: 80, bindAddress: ip("192.0.2.1"))),
            ("tcp:h:80:bindAddress=192.0.2.1\\:5000", .tcp(host: "h", port: 80, bindAddress: ip("192.0.2.1", 5000))),
            ("tcp:h:80:bindAddress=[::1]", .tcp(host: "h", port: 80, bindAddress: ip("::1"))),
            ("tcp:h:80:bindAddress=[::1]\\:5", .tcp(host: "h", port: 80, bindAddress: ip("::1", 5))),
            ("unix:/run/x.sock:timeout=1", .unix(path: "/run/x.sock", timeout: .seconds(1))),
        ] as [(String, ClientEndpoint)])
    func aClientIsReadFromText(_ text: String, _ wanted: ClientEndpoint) throws {
        #expect(try ClientEndpoint(text: text) == wanted)
    }

    private typealias Fault = EndpointTextError.Fault

    private func expect<Endpoint>(
        _ text: String, at offset: Int, _ fault: EndpointTextError.Fault,
        by parser: EndpointParser<Endpoint> = EndpointParser<ServerEndpoint>.standard
    ) {
        do throws(EndpointTextError) {
            _ = try parser.parse(text)
            Issue.record("\(text) was read")
        } catch {
            #expect(error == EndpointTextError(text: text, offset: offset, fault: fault))
            #expect(!error.description.contains("\n"))
        }
    }

    @Test func anErrorPointsAtItsPlace() {
        expect("", at: 0, .noKind)
        expect(":8080", at: 0, .noKind)
        expect("tcp=8080", at: 0, .noKind)
        expect("8080", at: 0, .unknownKind("8080", known: ["tcp", "unix"]))
        expect("TCP:8080", at: 0, .unknownKind("TCP", known: ["tcp", "unix"]))
        expect("tcp", at: 3, .missingArgument("port"))
        expect("tcp:", at: 4, .emptyArgument(""))
        expect("tcp::80", at: 4, .emptyArgument(""))
        expect("tcp:80:", at: 7, .emptyArgument(""))
        expect("tcp:80:backlog=", at: 15, .emptyArgument("backlog"))
        expect("tcp:80:=5", at: 7, .emptyArgument(""))
        expect("tcp:80:backlog=5:backlog=6", at: 17, .repeatedArgument("backlog"))
        expect("tcp:80:color=red", at: 7, .unknownArgument("color", known: ["interface", "backlog"]))
        expect("tcp:80:mode=660", at: 7, .unknownArgument("mode", known: ["interface", "backlog"]))
        expect("tcp:80:backlog=5:81", at: 17, .misplacedArgument("81"))
        expect("tcp:a:80:90", at: 9, .misplacedArgument("90"))
        expect("tcp:[::1:80", at: 4, .unclosedBracket)
        expect("tcp:80:interface=[::1", at: 17, .unclosedBracket)
        expect("tcp:\\x:80", at: 4, .badEscape)
        expect("tcp:80\\", at: 6, .badEscape)
        expect("tcp:80:interface=::1", at: 17, .emptyArgument("interface"))
    }

    @Test func aValueThatCannotBeIsAnErrorAtTheValue() {
        func port(_ text: String) -> Fault { .badValue(argument: "port", "\"\(text)\", not 0 to 65535") }
        func mode(_ text: String) -> Fault {
            .badValue(argument: "mode", "\"\(text)\", not three or four octal digits, as in 660")
        }
        for text in ["80x", "65536", "-1", "99999999999999999999", "8 0", "+1"] {
            expect("tcp:\(text)", at: 4, port(text))
        }
        expect("tcp:ü:81x", at: 7, port("81x"))
        expect("tcp:80:backlog=0", at: 15, .badValue(argument: "backlog", "\"0\", not 1 to 2147483647"))
        expect("tcp:a:80:interface=b", at: 19, .badValue(argument: "interface", "given beside the host \"a\""))
        for text in ["668", "0x1", "66", "00660"] { expect("unix:/x:mode=\(text)", at: 13, mode(text)) }
        let clients = EndpointParser<ClientEndpoint>.standard
        expect("tcp:80", at: 6, .missingArgument("port"), by: clients)
        expect("tcp:h:0", at: 6, .badValue(argument: "port", "\"0\", not 1 to 65535"), by: clients)
        for time in [".5", "5.", "1.2.3", "-1", "1e3", "0.1234567890123456789", "99999999999999999999"] {
            expect(
                "tcp:h:80:timeout=\(time)", at: 17,
                .badValue(argument: "timeout", "\"\(time)\", not a number of seconds or none"), by: clients)
        }
        expect(
            "tcp:h:80:bindAddress=::1", at: 21, .emptyArgument("bindAddress"), by: clients)
        expect(
            "tcp:h:80:bindAddress=1.2.3.4\\:x", at: 21,
            .badValue(argument: "bindAddress", "\"1.2.3.4:x\", whose port is not 0 to 65535"), by: clients)
    }

    @Test func addressesAreCheckedWhereTheyStand() {
        let long = "/" + String(repeating: "x", count: 107)
        let cases: [(String, Int, String, AddressError)] = [
            ("tcp:127.1:80", 4, "host", .ambiguousAddress("127.1")),
            ("tcp:[1::2::3]:80", 4, "host", .invalidAddress("1::2::3")),
            ("tcp:80:interface=ü", 17, "interface", .hostNotASCII("ü")),
            ("unix:" + long, 5, "path", .pathTooLong(path: long, limit: 107)),
            ("unix:/a\0b", 5, "path", .pathContainsNUL("/a\0b")), ("unix:@", 5, "path", .emptyPath),
        ]
        for (text, offset, argument, cause) in cases {
            do throws(EndpointTextError) {
                _ = try ServerEndpoint(text: text)
                Issue.record("\(text) was read")
            } catch {
                #expect(error.offset == offset && error.fault == .badValue(argument: argument, "wrong: \(cause)"))
                #expect(error.cause as? AddressError == cause)
            }
        }
    }

    @Test func anErrorIsOneLineForPeople() throws {
        do throws(EndpointTextError) {
            _ = try ServerEndpoint(text: "tcp:80\nx")
            Issue.record("it was read")
        } catch {
            let wanted = #""tcp:80\nx" is no endpoint: port is "80\nx", not 0 to 65535, at byte 4"#
            #expect(error.description == wanted)
        }
    }

    // MARK: Kinds of a program

    private struct Refusal: Error, CustomStringConvertible {
        let description: String
    }

    @Test func aProgramAddsKindsOfItsOwn() throws {
        let parser = EndpointParser<ServerEndpoint>.standard
            .adding("local") { arguments in
                let port = try arguments.next("port").port(from: 1)
                if port == 99 { throw Refusal(description: "99 is taken") }
                return .tcp(port: port, host: "127.0.0.1")
            }
            .adding("unix") { arguments in .unix(path: "/run/" + (try arguments.required("name").text)) }
        #expect(parser.kinds == ["local", "tcp", "unix"])
        #expect(try ServerEndpoint(text: "local:80", by: parser) == .tcp(port: 80, host: "127.0.0.1"))
        #expect(try parser.parse("unix:name=x") == .unix(path: "/run/x"))
        expect("unix:/x", at: 7, .missingArgument("name"), by: parser)
        expect("unix:y:name=x", at: 5, .misplacedArgument("y"), by: parser)
        expect("local:80:name=x", at: 9, .unknownArgument("name", known: []), by: parser)
        do throws(EndpointTextError) {
            _ = try parser.parse("local:99")
            Issue.record("it was read")
        } catch {
            #expect(error.cause is Refusal && error.description.contains("99 is taken"))
        }
        expect("tcp:80", at: 0, .unknownKind("tcp", known: []), by: EndpointParser<ServerEndpoint>())
    }
}
