import EventReactor
import EventReactorTLS

/// As much of SMTP as STARTTLS needs; afterwards it sends back what arrives.
final class StartTLSServer: Reporter {
    private let context: TLSServerContext
    private var line: [UInt8] = []

    init(_ context: TLSServerContext) {
        self.context = context
    }

    override func connectionMade() throws {
        transport.write("220 localhost ESMTP\r\n")
    }

    override func dataReceived(_ data: Span<UInt8>) throws {
        if transport.tls != nil {
            reportAgreement()
            return transport.write(data)
        }
        for index in data.indices {
            line.append(data[index])
            guard line.suffix(2).elementsEqual("\r\n".utf8) else { continue }
            let command = String(decoding: line.dropLast(2), as: UTF8.self).uppercased()
            line = []
            switch command.split(separator: " ").first {
            case "EHLO": transport.write("250-localhost\r\n250 STARTTLS\r\n")
            case "STARTTLS":
                transport.write("220 go ahead\r\n")
                try transport.startTLS(context, unconsumed: data.count - index - 1)
                return
            default: transport.write("500 what?\r\n")
            }
        }
    }
}
