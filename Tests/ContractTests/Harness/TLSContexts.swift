import EventReactorTLS
import TestSupport

/// Contexts for the cells of the table that speak TLS: the server's certificate is for localhost and its addresses.
enum TLSContexts {
    static let server = made { () throws(TLSError) in
        try TLSServerContext(
            identity: .pem(chain: TestAuthority.path("server.pem"), key: TestAuthority.path("server.key")))
    }

    static let client = made { () throws(TLSError) in
        var settings = TLSClientSettings()
        settings.trust = .files([TestAuthority.path("root.pem")])
        settings.serverName = "localhost"
        // Tests that measure memory would find those of each test's own port in it.
        settings.sessions = nil
        return try TLSClientContext(settings)
    }

    private static func made<Context>(_ make: () throws(TLSError) -> Context) -> Context {
        do throws(TLSError) {
            return try make()
        } catch {
            fatalError("\(error)")
        }
    }
}
