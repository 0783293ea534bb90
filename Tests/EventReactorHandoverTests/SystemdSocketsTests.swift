import EventReactor
import EventReactorHandover
import EventReactorPosix
import Glibc
import Testing

@Suite struct SystemdSocketsTests {
    private func parse(
        _ descriptors: String?, _ process: String? = "7", _ names: String? = nil
    ) throws(SystemdError) -> SystemdSockets? {
        // No test has so many descriptors: none of these is open.
        try SystemdSockets.parse(descriptors: descriptors, process: process, names: names, own: 7, first: 900_000)
    }

    @Test func withoutSocketActivationThereIsNothing() throws {
        #expect(try parse(nil) == nil)
        #expect(try parse("1", nil) == nil)
        #expect(try parse("0") == nil)
        // Meant for another process.
        #expect(try parse("1", "8") == nil)
        #expect(try parse("x", "8") == nil)
    }

    @Test(arguments: [
        "", "x", "-1", "+1", " 1", "1 ", "1.0", "0x1", "2147483647", "2147483648", "99999999999999999999", "é",
    ])
    func aCountThatIsNoneIsATypedError(_ text: String) {
        #expect(throws: SystemdError.malformed(variable: "LISTEN_FDS", value: text)) { try parse(text) }
    }

    @Test(arguments: ["", "x", "-7", "0", "7 ", "99999999999999999999"])
    func aProcessThatIsNoneIsATypedError(_ text: String) {
        #expect(throws: SystemdError.malformed(variable: "LISTEN_PID", value: text)) { try parse("1", text) }
    }

    @Test func aDescriptorThatIsNotOpenIsATypedError() {
        #expect(throws: SystemdError.notOpen(descriptor: 900_000)) { try parse("1") }
        #expect(throws: SystemdError.notOpen(descriptor: 900_000)) { try parse("2000000000") }
    }

    @Test func socketsAreTakenByNameAndTheEnvironmentIsCleared() async {
        await #expect(processExitsWith: .success) {
            let numbers = (0..<3).map { Int32(500 + $0) }
            let addresses = try numbers.map { number in
                let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
                let any = try SocketAddress(ip: "127.0.0.1", port: 0)
                #expect(unsafe any.withKernelForm { unsafe bind(listener, $0, $1) } == 0)
                #expect(listen(listener, 8) == 0 && dup2(listener, number) == number)
                close(listener)
                return SocketAddress(of: number)
            }
            func parse(_ names: String?) throws(SystemdError) -> SystemdSockets? {
                try SystemdSockets.parse(descriptors: "3", process: "7", names: names, own: 7, first: 500)
            }
            for (names, count) in [("a:b", 2), ("a:b:c:d", 4), ("", 1)] {
                #expect(throws: SystemdError.nameCount(names: count, descriptors: 3)) { try parse(names) }
            }
            // No error has touched them.
            #expect(numbers.allSatisfy { fcntl($0, F_GETFD) == 0 })
            do {
                let taken = try #require(try parse("web:admin:web"))
                #expect(taken.all.map(\.name) == ["web", "admin"])
                #expect(taken["web"]?.descriptors == [500, 502])
                #expect(taken["web"]?.addresses == [addresses[0], addresses[2]])
                #expect(taken["unknown"] == nil)
                #expect(numbers.allSatisfy { fcntl($0, F_GETFD) == FD_CLOEXEC })
                let reactor = try Reactor()
                let web = try #require(taken["web"])
                let port = try reactor.listen(adopting: web) { nil }
                #expect(port.localAddresses == [addresses[0], addresses[2]])
                #expect(throws: ListenError.notAdoptable(.nothing)) { try reactor.listen(adopting: web) { nil } }
                #expect(throws: ListenError.notAdoptable(.nothing)) {
                    try reactor.listen(.tcp(port: 0), adopting: web) { nil }
                }
                #expect(taken["admin"]?.takeDescriptors() == [501])
                withExtendedLifetime(taken) {}
            }
            // Adopted by the caller, so the caller's; the rest has gone with the reactor.
            #expect(fcntl(501, F_GETFD) >= 0)
            #expect(fcntl(500, F_GETFD) < 0 && fcntl(502, F_GETFD) < 0)

            for (name, value) in [("LISTEN_FDS", "x"), ("LISTEN_PID", "\(getpid())"), ("LISTEN_FDNAMES", "a")] {
                unsafe setenv(name, value, 1)
            }
            #expect(throws: SystemdError.malformed(variable: "LISTEN_FDS", value: "x")) { try SystemdSockets.take() }
            for name in ["LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES"] { #expect(unsafe getenv(name) == nil) }
            #expect(try SystemdSockets.take() == nil)
        }
    }
}

@Suite("Messages of handover and of socket activation")
struct HandoverMessageTests {
    /// With text from outside that would forge a line of a log or command a terminal.
    @Test func everyErrorIsOneLine() {
        let bad = "a\nINFO admin logged in\u{1B}[2K\u{202E}"
        let system = SystemError(code: 13, operation: bad)
        let errors: [any Error] = [
            HandoverError.invalidPath(.pathContainsNUL(bad + "\0")), HandoverError.invalidName(bad),
            HandoverError.noSocket(name: bad), HandoverError.cannotOffer(.addressInUse(system)),
            HandoverError.cannotOffer(.system(system)), HandoverError.malformed(bad),
            HandoverError.unusable(name: bad, .system(system)), HandoverError.system(system),
            SystemdError.malformed(variable: bad, value: bad),
        ]
        for error in errors {
            for message in ["\(error)", String(reflecting: error), "\(ReactorDiagnostic.handoverFailed(error))"] {
                let isPlain = message.unicodeScalars.allSatisfy { scalar in
                    scalar.properties.generalCategory != .control && scalar.properties.generalCategory != .format
                }
                #expect(isPlain, "\(message)")
            }
        }
    }
}
