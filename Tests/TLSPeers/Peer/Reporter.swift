import EventReactor
import EventReactorTLS
import Glibc

/// Prints a line at once: the script waits for it.
func say(_ line: String) {
    print(line)
    fflush(nil)
}

/// Reports what a connection agreed on and why it was lost.
class Reporter: Protocol {
    private var hasReported = false

    override func connectionMade() throws {
        reportAgreement()
    }

    /// Prints what TLS agreed on, once, as soon as it has.
    func reportAgreement() {
        guard !hasReported, let tls = transport.tls else { return }
        hasReported = true
        say(
            "agreed: \(tls.version), suite \(tls.cipherSuite), alpn \(tls.applicationProtocol ?? "none"), "
                + "name \(tls.serverName ?? "none"), resumed \(tls.isResumed ? "yes" : "no"), "
                + "certificates \(tls.peerCertificates.count), staple \(tls.stapledResponse?.count ?? 0)")
    }

    override func connectionLost(_ reason: ConnectionLostReason) {
        say("lost: \(reason)")
    }
}
