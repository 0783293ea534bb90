import EventReactor

/// Reads to the end of the input, and answers after it with the number of bytes and their checksum: so the answer goes
/// out over a connection of which the peer has closed its half.
final class CountServer: Reporter {
    private var checksum = Checksum()

    override func dataReceived(_ data: Span<UInt8>) {
        reportAgreement()
        checksum.add(data)
    }

    override func readConnectionLost() {
        say("end of input: \(checksum.count) bytes, checksum \(checksum.value)")
        transport.write("\(checksum.count) \(checksum.value)\n")
        transport.loseConnection()
    }
}
