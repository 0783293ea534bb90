import Testing

@testable import EventReactorCore

@Suite struct HappyEyeballsTests {
    private func order(_ hosts: [String]) throws -> [String?] {
        try HappyEyeballs.order(hosts.map { try SocketAddress(ip: $0, port: 80) }).map(\.host)
    }

    @Test func familiesTakeTurnsBeginningWithTheFirst() throws {
        #expect(try order(["::1", "::2", "::3", "1.1.1.1", "2.2.2.2"]) == ["::1", "1.1.1.1", "::2", "2.2.2.2", "::3"])
        #expect(try order(["1.1.1.1", "::1", "::2"]) == ["1.1.1.1", "::1", "::2"])
        #expect(try order(["1.1.1.1", "::1", "2.2.2.2", "::2"]) == ["1.1.1.1", "::1", "2.2.2.2", "::2"])
    }

    @Test func withinAFamilyTheOrderOfTheResolverStays() throws {
        #expect(try order(["2.2.2.2", "1.1.1.1", "3.3.3.3"]) == ["2.2.2.2", "1.1.1.1", "3.3.3.3"])
        #expect(try order(["::3", "::1"]) == ["::3", "::1"])
    }

    @Test func moreOfTheSecondFamilyFollowAtTheEnd() throws {
        #expect(try order(["1.1.1.1", "::1", "::2", "::3"]) == ["1.1.1.1", "::1", "::2", "::3"])
    }

    @Test func noneAndOneStayAsTheyAre() throws {
        #expect(try order([]) == [])
        #expect(try order(["::1"]) == ["::1"])
    }

    @Test func nothingIsLostOrDoubled() throws {
        let hosts = (1...20).map { "10.0.0.\($0)" } + (1...7).map { "fd00::\($0)" }
        #expect(try order(hosts).compactMap { $0 }.sorted() == hosts.sorted())
    }
}
