import EventReactorCore
import Testing

@Suite struct UnixAddressTests {
    @Test func pathIsKept() throws {
        let address = try SocketAddress.unix(path: "/run/x.sock")
        #expect(address.family == .unix)
        #expect(address.path == "/run/x.sock")
        #expect(address.host == nil)
        #expect(address.port == nil)
        #expect(!address.isAbstract)
        #expect(!address.isLoopback)
        #expect(!address.isWildcard)
        #expect(address.description == "unix:/run/x.sock")
        #expect(address == SocketAddress(unixBytes: [UInt8]("/run/x.sock".utf8)))
        #expect(address != (try SocketAddress.unix(path: "/run/y.sock")))
    }

    @Test func abstractNameIsKept() throws {
        let address = try SocketAddress.abstract("name")
        #expect(address.isAbstract)
        #expect(address.path == "\0name")
        #expect(address.description == "unix:@name")
        #expect(address == SocketAddress(unixBytes: [0] + "name".utf8))
        #expect(address == (try SocketAddress.unix(path: "\0name")))
        #expect(address != (try SocketAddress.unix(path: "name")))
    }

    @Test func abstractNameMayContainNULs() throws {
        let address = try SocketAddress.unix(path: "\0a\0b\0")
        #expect(address.path == "\0a\0b\0")
        #expect(address == (try SocketAddress.abstract("a\0b\0")))
        #expect(address != (try SocketAddress.abstract("a\0b")))
        #expect(try SocketAddress.abstract("\0").path == "\0\0")
    }

    @Test func unnamedHasNoPath() {
        let address = SocketAddress.unnamedUnix
        #expect(address.family == .unix)
        #expect(address.path == nil)
        #expect(!address.isAbstract)
        #expect(address.description == "unix:(unnamed)")
        #expect(address == SocketAddress(unixBytes: []))
    }

    @Test(arguments: ["a", "é", "🐎"])
    func pathsAreLimitedInBytesNotCharacters(unit: String) throws {
        let limit = 107
        let whole = String(repeating: unit, count: limit / unit.utf8.count)
        let exact = whole + String(repeating: "x", count: limit - whole.utf8.count)
        let long = exact + "x"
        #expect(try SocketAddress.unix(path: exact).path == exact)
        #expect(try SocketAddress.abstract(exact).path == "\0" + exact)
        #expect(try SocketAddress.unix(path: "\0" + exact).path == "\0" + exact)
        #expect(throws: AddressError.pathTooLong(path: long, limit: limit)) { try SocketAddress.unix(path: long) }
        #expect(throws: AddressError.pathTooLong(path: long, limit: limit)) { try SocketAddress.abstract(long) }
        #expect(throws: AddressError.pathTooLong(path: long, limit: limit)) {
            try SocketAddress.unix(path: "\0" + long)
        }
    }

    @Test func emptyPathsAreRefused() {
        #expect(throws: AddressError.emptyPath) { try SocketAddress.unix(path: "") }
        #expect(throws: AddressError.emptyPath) { try SocketAddress.unix(path: "\0") }
        #expect(throws: AddressError.emptyPath) { try SocketAddress.abstract("") }
    }

    @Test(arguments: ["/a\0", "/a\0b", "a\0\0"])
    func pathWithANULIsRefused(path: String) {
        #expect(throws: AddressError.pathContainsNUL(path)) { try SocketAddress.unix(path: path) }
    }

    // "\0" and a combining mark are one Character: the NUL must be seen all the same.
    @Test func leadingNULIsSeenBeforeACombiningMark() throws {
        let address = try SocketAddress.unix(path: "\0\u{301}x")
        #expect(address.isAbstract)
        #expect(address == SocketAddress(unixBytes: [0, 0xcc, 0x81, 0x78]))
    }

    @Test func canonicallyEquivalentPathsAreDifferentAddresses() throws {
        #expect(try SocketAddress.unix(path: "/\u{e9}") != SocketAddress.unix(path: "/e\u{301}"))
    }

    @Test func kernelPathEndsAtItsClosingNUL() {
        #expect(SocketAddress(unixBytes: [0x2f, 0x61, 0]).path == "/a")
        #expect(SocketAddress(unixBytes: [0x2f, 0x61, 0, 0x62]).path == "/a")
        #expect(SocketAddress(unixBytes: [UInt8](repeating: 0x61, count: 108)).path?.utf8.count == 108)
    }

    @Test func bytesForTheKernelAreThoseGiven() throws {
        #expect(try SocketAddress.unix(path: "/é").unixBytes == [0x2f, 0xc3, 0xa9])
        #expect(try SocketAddress.abstract("a\0").unixBytes == [0, 0x61, 0])
        #expect(SocketAddress(unixBytes: [0x2f, 0xff]).unixBytes == [0x2f, 0xff])
        #expect(SocketAddress.unnamedUnix.unixBytes.isEmpty)
        #expect(try SocketAddress(ip: "::1", port: 1).unixBytes.isEmpty)
    }

    @Test func pathOfAPeerNeedNotBeUTF8() {
        let address = SocketAddress(unixBytes: [0x2f, 0xff])
        #expect(address.path == "/\u{fffd}")
        #expect(address.description == "unix:/\u{fffd}")
        #expect(address != SocketAddress(unixBytes: [0x2f, 0xfe]))
        #expect(SocketAddress(unixBytes: [0]).isAbstract)
        #expect(SocketAddress(unixBytes: [0, 0xff]).path == "\0\u{fffd}")
    }

    @Test func pathOfAPeerCannotBreakALog() {
        let address = SocketAddress(unixBytes: [UInt8]("/a\n\u{1b}[2Jé".utf8))
        #expect(address.description == "unix:/a\\n\\u{1B}[2Jé")
        #expect(SocketAddress(unixBytes: [0, 0x61, 0, 0x62]).description == "unix:@a\\0b")
    }
}
