import Testing

@testable import EventReactorCore

@Suite struct AddressErrorTests {
    @Test(arguments: [0, 1, 80, 65535])
    func portInsideTheRangePasses(port: Int) throws {
        #expect(try AddressError.checkPort(port) == UInt16(port))
    }

    @Test(arguments: [-1, 65536, 70000, .min, .max])
    func portOutsideTheRangeIsRefused(port: Int) {
        #expect(throws: AddressError.invalidPort(port)) { try AddressError.checkPort(port) }
    }

    @Test(
        arguments: [
            (.invalidPort(70000), "port 70000 is outside 0...65535"),
            (.invalidPort(-1), "port -1 is outside 0...65535"),
            (.emptyHost, "the host is empty"),
            (.invalidAddress("localhost"), "\"localhost\" is not a numeric IPv4 or IPv6 address"),
            (.invalidAddress("a\nb"), "\"a\\nb\" is not a numeric IPv4 or IPv6 address"),
            (
                .invalidAddress("fe80::1%eth9"),
                "\"fe80::1%eth9\" is not a numeric IPv6 address with the scope of an existing interface"
            ),
            (.emptyPath, "the path of a UNIX socket is empty"),
            (
                .pathTooLong(path: "/é", limit: 2),
                "the UNIX socket path \"/é\" has 3 bytes, more than the system's 2"
            ),
            (
                .pathContainsNUL("/a\0b"),
                "the UNIX socket path \"/a\\0b\" contains a NUL, where the system would cut it"
            ),
        ] as [(AddressError, String)]
    )
    func descriptionSaysWhatWhereAndWhy(error: AddressError, description: String) {
        #expect(error.description == description)
        #expect("\(error)" == description)
    }
}
