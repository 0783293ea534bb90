import EventReactorProtocols
import EventReactorTesting
import Testing

@Suite("Endpoints as text: random ones")
struct EndpointTextRandomTests {
    private static let marks = [
        ":", "=", "\\", "[", "]", "@", "/", ".", "%", "\0", "\n", " ", "ü", "a", "z", "0", "9", "-",
    ]

    private static func name(_ random: inout SeededRandom, _ most: Int) -> String {
        (0..<random.integer(in: 0...most)).map { _ in marks[random.integer(in: 0...marks.count - 1)] }.joined()
    }

    private static func host(_ random: inout SeededRandom) -> String {
        switch random.integer(in: 0...4) {
        case 0: ""
        case 1: HeaderSamples.address(&random, 0).host ?? ""
        case 2: HeaderSamples.address(&random, 1).host ?? ""
        case 3: "name-\(random.integer(in: 0...99)).example"
        default: name(&random, 8)
        }
    }

    private static func duration(_ random: inout SeededRandom) -> Duration? {
        switch random.integer(in: 0...4) {
        case 0: nil
        case 1: .seconds(30)
        case 2: Duration(secondsComponent: Int64(random.integer(in: 0...Int.max)), attosecondsComponent: 0)
        case 3:
            Duration(
                secondsComponent: Int64(random.magnitude(in: 1...100)),
                attosecondsComponent: Int64(random.integer(in: 0...999_999_999_999_999_999)))
        default: .milliseconds(random.integer(in: -1000...100_000))
        }
    }

    @Test func serversComeBackAsTheyWere() throws {
        var random = SeededRandom(seed: 11)
        var written = 0
        for round in 0..<5000 {
            let backlog = [4096, 1, 128, Int(Int32.max), 0, -1, Int.max][random.integer(in: 0...6)]
            let endpoint: ServerEndpoint
            if random.integer(in: 0...1) == 0 {
                let isOdd = random.integer(in: 0...9) == 0
                let port = isOdd ? random.integer(in: -10...70_000) : random.integer(in: 0...65_535)
                endpoint = .tcp(port: port, host: Self.host(&random), backlog: backlog)
            } else {
                let mode = random.integer(in: 0...2) == 0 ? nil : UInt16(random.integer(in: 0...0o10007))
                endpoint = .unix(path: Self.name(&random, 20), mode: mode, backlog: backlog)
            }
            guard let text = endpoint.text else { continue }
            written += 1
            #expect(try ServerEndpoint(text: text) == endpoint, "round \(round): \(text.debugDescription)")
        }
        #expect(written > 1000)
    }

    @Test func clientsComeBackAsTheyWere() throws {
        var random = SeededRandom(seed: 12)
        var written = 0
        for round in 0..<5000 {
            let endpoint: ClientEndpoint
            if random.integer(in: 0...2) > 0 {
                let from = random.integer(in: 0...2)
                endpoint = .tcp(
                    host: Self.host(&random), port: random.integer(in: 1...65_535), timeout: Self.duration(&random),
                    bindAddress: from == 0 ? nil : HeaderSamples.address(&random, from - 1))
            } else {
                endpoint = .unix(path: Self.name(&random, 20), timeout: Self.duration(&random))
            }
            guard let text = endpoint.text else { continue }
            written += 1
            #expect(try ClientEndpoint(text: text) == endpoint, "round \(round): \(text.debugDescription)")
        }
        #expect(written > 1000)
    }

    @Test func usableEndpointsHaveAText() throws {
        let usable: [ServerEndpoint] = [
            .tcp(port: 0), .tcp(port: 80, host: "fe80::1%1"), .tcp(port: 80, host: "[::1]"),
            .tcp(port: 1, host: "a.example", backlog: 1), .unix(path: "\0[@:=\\", mode: 0o7777),
            .unix(path: "@", mode: 0), .unix(path: "\0@@"), .unix(path: "[[:]"),
        ]
        for endpoint in usable { #expect(endpoint.text != nil, "\(endpoint)") }
        #expect(ServerEndpoint.tcp(port: 8080, host: "::1").text == "tcp:[::1]:8080")
        #expect(ServerEndpoint.unix(path: "/run/x", mode: 0o60).text == "unix:/run/x:mode=060")
        #expect(ServerEndpoint.unix(path: "\0a=b").text == "unix:@a\\=b")
        #expect(ClientEndpoint.tcp(host: "h", port: 1, timeout: .milliseconds(1500)).text == "tcp:h:1:timeout=1.5")
        // These have none.
        #expect(ServerEndpoint.inherited([3]).text == nil && ServerEndpoint.tcp(port: 70_000).text == nil)
        #expect(ServerEndpoint.tcp(port: 1, backlog: 0).text == nil && ServerEndpoint.unix(path: "").text == nil)
        #expect(ClientEndpoint.address(try SocketAddress(ip: "::1", port: 1)).text == nil)
        let longest = Duration.seconds(Int64.max) + .seconds(Int64.max)
        #expect(ClientEndpoint.tcp(host: "h", port: 1, timeout: longest).text == nil)
        #expect(ClientEndpoint.tcp(host: "h", port: 1, timeout: .seconds(-1)).text == nil)
    }

    @Test func anyBytesAreReadOrRefusedInTheirPlace() {
        var random = SeededRandom(seed: 13)
        let starts = ["", "tcp:", "unix:", "tcp:80:", "tcp:h:80:timeout=", "tcp:[", "unix:/x:mode="]
        for _ in 0..<20_000 {
            let noise = (0..<random.integer(in: 0...30)).map { _ in UInt8(random.integer(in: 0...255)) }
            let rest =
                random.integer(in: 0...3) == 0 ? String(decoding: noise, as: UTF8.self) : Self.name(&random, 12)
            let text = starts[random.integer(in: 0...starts.count - 1)] + rest
            do throws(EndpointTextError) {
                _ = try ServerEndpoint(text: text)
            } catch {
                #expect(0...text.utf8.count ~= error.offset && error.text == text)
            }
            do throws(EndpointTextError) {
                _ = try ClientEndpoint(text: text)
            } catch {
                #expect(0...text.utf8.count ~= error.offset && error.text == text)
            }
        }
    }
}
