import EventReactorCore
import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

@Suite struct SystemErrorTests {
    @Test func descriptionNamesTheStepTheAddressAndTheReason() throws {
        let address = try SocketAddress(ip: "127.0.0.1", port: 80)
        let error = SystemError(code: EADDRINUSE, operation: "bind", address: address)
        #expect(error.code == EADDRINUSE)
        #expect(error.operation == "bind")
        #expect(error.address == address)
        #expect(error.message == "Address already in use")
        #expect(error.name == "EADDRINUSE")
        #expect(error.description == "bind 127.0.0.1:80: Address already in use (EADDRINUSE)")
    }

    @Test func descriptionDoesWithoutAnAddress() {
        let error = SystemError(code: EMFILE, operation: "accept")
        #expect(error.address == nil)
        #expect(error.description == "accept: Too many open files (EMFILE)")
    }

    @Test(arguments: [
        (EAGAIN, "EAGAIN"), (EACCES, "EACCES"), (ECONNREFUSED, "ECONNREFUSED"), (ECONNRESET, "ECONNRESET"),
        (EPIPE, "EPIPE"), (ETIMEDOUT, "ETIMEDOUT"), (EHOSTUNREACH, "EHOSTUNREACH"), (ENOENT, "ENOENT"),
        (EADDRNOTAVAIL, "EADDRNOTAVAIL"), (EAFNOSUPPORT, "EAFNOSUPPORT"), (ENOBUFS, "ENOBUFS"),
    ])
    func commonNumbersHaveTheirSymbol(code: Int32, name: String) {
        #expect(SystemError(code: code, operation: "x").name == name)
    }

    @Test(arguments: [0, -1, 100_000, .min, .max] as [Int32])
    func unknownNumbersAreShownAsNumbers(code: Int32) {
        let error = SystemError(code: code, operation: "x")
        #expect(error.name == "errno \(code)")
        #expect(!error.message.isEmpty)
        #expect(error.description == "x: \(error.message) (errno \(code))")
    }

    @Test func everyNumberHasWords() {
        for code: Int32 in -5...200 {
            #expect(!ErrnoText.message(code).isEmpty)
            #expect(!ErrnoText.name(code).isEmpty)
        }
    }

    @Test func errorsAreEqualByWhatTheySay() throws {
        let error = SystemError(code: EPIPE, operation: "send")
        #expect(error == SystemError(code: EPIPE, operation: "send"))
        #expect(error != SystemError(code: EPIPE, operation: "recv"))
        #expect(error != SystemError(code: EPIPE, operation: "send", address: .unnamedUnix))
    }
}
