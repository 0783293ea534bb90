import EventReactor

/// Sends back what arrives, and reads no faster than the peer does.
final class EchoServer: Reporter {
    override func dataReceived(_ data: Span<UInt8>) {
        reportAgreement()
        transport.write(data)
    }

    override func pauseWriting() {
        transport.pauseReading()
    }

    override func resumeWriting() {
        transport.resumeReading()
    }
}
