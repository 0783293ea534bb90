import EventReactorTLS
import TestSupport

/// Contexts of the test authority, for servers and clients with TLS behind or in front of a header.
enum ProxyTLSContexts {
    static func server() throws -> TLSServerContext {
        try TLSServerContext(
            identity: .pem(chain: TestAuthority.path("server.pem"), key: TestAuthority.path("server.key")))
    }

    static func client() throws -> TLSClientContext {
        var settings = TLSClientSettings()
        settings.trust = .files([TestAuthority.path("root.pem")])
        settings.serverName = "localhost"
        return try TLSClientContext(settings)
    }
}
