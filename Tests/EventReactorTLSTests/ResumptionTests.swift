import EventReactorTLS
import EventReactorTesting
import TestSupport
import Testing

@Suite("TLS: sessions are resumed")
struct ResumptionTests {
    @Test(arguments: [TLSVersion.tls12, .tls13])
    func aSecondConnectionResumes(_ version: TLSVersion) throws {
        var client = Authority.clientSettings()
        (client.minimumVersion, client.maximumVersion) = (version, version)
        let pair = try Pair(client: client)
        for round in 0..<4 {
            try pair.connect()
            #expect(pair.exchange() == "ping")
            #expect(pair.clientEnd.info?.isResumed == (round > 0))
            #expect(pair.serverEnd.info?.isResumed == (round > 0))
            pair.close()
        }
        #expect(pair.server.tlsMetrics.resumed == 3)
        #expect(pair.server.tlsMetrics.completed == 4)
    }

    @Test func withoutACacheOrTicketsNothingIsResumed() throws {
        var client = Authority.clientSettings()
        client.sessions = nil
        var server = try Authority.serverSettings()
        for pair in [try Pair(client: client), try { server.ticketCount = 0; return try Pair(server: server) }()] {
            for _ in 0..<2 {
                try pair.connect()
                _ = pair.exchange()
                pair.close()
            }
            #expect(pair.server.tlsMetrics.resumed == 0)
        }
    }

    /// Another server, such as the successor of a handover, has the same keys.
    @Test func sharedTicketKeysResumeAtAnotherServer() throws {
        let keys = TLSTicketKeys()
        let copy = try TLSTicketKeys(exported: keys.export())
        let client = try TLSClientContext(Authority.clientSettings())
        func resumes(with keys: TLSTicketKeys?) throws -> Bool? {
            var server = try Authority.serverSettings()
            server.ticketKeys = keys
            let pair = try Pair(server: TLSServerContext(server), client: client).connect()
            _ = pair.exchange()
            pair.close()
            return pair.serverEnd.info?.isResumed
        }
        #expect(try resumes(with: keys) == false)
        #expect(try resumes(with: copy) == true)
        copy.rotate()
        #expect(try resumes(with: copy) == true)
        for _ in 0..<TLSTicketKeys.limit { copy.rotate() }
        #expect(try resumes(with: copy) == false)
        #expect(try resumes(with: nil) == false)
        #expect(copy.current.count == TLSTicketKeys.limit)
    }

    @Test func aSessionOfAnotherServerIsNotUsed() throws {
        let cache = TLSSessionCache(capacity: 1)
        var client = Authority.clientSettings()
        client.sessions = cache
        let pair = try Pair(client: client).connect()
        _ = pair.exchange()
        pair.close()
        #expect(cache.count == 1)
        cache.removeAll()
        #expect(cache.count == 0)
        try pair.connect()
        #expect(pair.clientEnd.info?.isResumed == false)
    }
}
