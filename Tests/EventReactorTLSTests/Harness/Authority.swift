import EventReactorTLS
import TestSupport

/// Identities and contexts of the test authority.
enum Authority {
    static func identity(_ name: String = "server", key: String? = nil) throws(TLSError) -> TLSIdentity {
        try .pem(chain: TestAuthority.path(name + ".pem"), key: TestAuthority.path((key ?? name) + ".key"))
    }

    static let trust = TLSTrust.files([TestAuthority.path("root.pem")])

    static func serverSettings(_ name: String = "server") throws(TLSError) -> TLSServerSettings {
        TLSServerSettings(identity: try identity(name))
    }

    static func server(_ change: (inout TLSServerSettings) -> Void = { _ in }) throws -> TLSServerContext {
        var settings = try serverSettings()
        change(&settings)
        return try TLSServerContext(settings)
    }

    static func clientSettings(_ serverName: String = "localhost") -> TLSClientSettings {
        var settings = TLSClientSettings()
        settings.trust = trust
        settings.serverName = serverName
        return settings
    }
}
