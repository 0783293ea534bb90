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
        for pair in [
            try Pair(client: client),
            try {
                server.ticketCount = 0; return try Pair(server: server)
            }(),
        ] {
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

    /// Otherwise a session would carry an end past what the other settings verify.
    @Test func aSessionIsResumedByItsOwnContextAlone() throws {
        let cache = TLSSessionCache(capacity: 8)
        func connect(_ name: String, _ verification: TLSClientSettings.Verification) throws -> Pair {
            var settings = Authority.clientSettings(name)
            (settings.sessions, settings.verification) = (cache, verification)
            let pair = try Pair(client: settings).connect()
            if pair.clientEnd.isMade {
                _ = pair.exchange()
                pair.close()
            }
            return pair
        }
        #expect(try connect("elsewhere.invalid", .unsafelyNone).clientEnd.isMade)
        #expect(cache.count == 1)
        #expect(try connect("elsewhere.invalid", .full).clientError == .wrongName(expected: "elsewhere.invalid"))
    }

    @Test func aSessionDoesNotStandForACertificateThatIsRequired() throws {
        let keys = TLSTicketKeys()
        let client = try TLSClientContext(Authority.clientSettings())
        var server = try Authority.serverSettings()
        server.ticketKeys = keys
        let first = try Pair(server: TLSServerContext(server), client: client).connect()
        _ = first.exchange()
        first.close()
        server.clientCertificates = .require(Authority.trust)
        let second = try Pair(server: TLSServerContext(server), client: client).connect()
        second.network.run { second.serverEnd.reason != nil }
        #expect(second.serverEnd.tlsError == .untrusted(.missing))
    }

    @Test(arguments: [TLSVersion.tls12, .tls13])
    func aResumedSessionKeepsItsName(_ version: TLSVersion) throws {
        var client = Authority.clientSettings()
        client.maximumVersion = version
        let pair = try Pair(client: client)
        for _ in 0..<2 {
            try pair.connect()
            _ = pair.exchange()
            #expect(pair.serverEnd.info?.serverName == "localhost")
            pair.close()
        }
        #expect(pair.server.tlsMetrics.resumed == 1)
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
