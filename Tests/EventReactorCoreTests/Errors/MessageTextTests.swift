import EventReactorCore
import Testing

@Suite struct MessageTextTests {
    @Test(arguments: [
        ("plain text, ümläuts, 漢字 and \\n", "plain text, ümläuts, 漢字 and \\n"),
        ("a\nb\r\tc\0", "a\\nb\\r\\tc\\0"),
        ("\u{1B}[2K\u{7F}\u{9B}", "\\u{1B}[2K\\u{7F}\\u{009B}"),
        ("\u{202E}txt\u{2066}\u{200F}", "\\u{202E}txt\\u{2066}\\u{200F}"),
        ("\u{2028}\u{2029}\u{200B}\u{FEFF}\u{AD}", "\\u{2028}\\u{2029}\\u{200B}\\u{FEFF}\\u{00AD}"),
        ("\u{E0041}\u{E000}\u{FFFF}\u{3164}", "\\u{000E0041}\\u{E000}\\u{FFFF}\\u{3164}"),
        ("", ""),
    ])
    func whatIsNotSeenAsItselfIsEscaped(text: String, expected: String) {
        #expect(MessageText.escaped(text) == expected)
        #expect(MessageText.escaped(expected) == expected, "what was escaped stays")
    }

    @Test func betweenQuotationMarksNothingEndsThemEarly() {
        #expect(MessageText.quoted("a\"b\\n\n") == "\"a\\\"b\\\\n\\n\"")
    }

    /// Every error that carries text from outside, with text that would forge a line or command a terminal.
    @Test func everyErrorIsOneLine() throws {
        struct Own: Error, CustomStringConvertible { let description: String }
        let bad = "a\nINFO admin logged in\u{1B}[2K\u{202E}"
        let address = try SocketAddress.unix(path: "/tmp/" + bad)
        let system = SystemError(code: 13, operation: "bind for " + bad, address: address)
        let reasons: [ConnectionLostReason] = [.failed(Own(description: bad)), .failed(system), .done]
        var errors: [any Error] = [
            system, AddressError.invalidAddress(bad), AddressError.invalidAddress(bad + "%"),
            AddressError.ambiguousAddress(bad), AddressError.hostNotASCII(bad),
            AddressError.pathTooLong(path: bad, limit: 1), AddressError.pathContainsNUL(bad + "\0"),
            ConnectError.unresolvable(host: bad, message: bad), ConnectError.refused(system),
            ConnectError.timedOut(after: .seconds(1), to: bad), ConnectError.timedOut(after: nil, to: bad),
            ConnectError.unreachable(system), ConnectError.cancelled(to: bad), ConnectError.bindFailed(system),
            ConnectError.system(system), ListenError.invalidAddress(.invalidAddress(bad)),
            ListenError.unresolvable(host: bad, message: bad), ListenError.cancelled(host: bad),
            ListenError.addressInUse(system), ListenError.notAdoptable(.system(system)), ListenError.system(system),
            AdoptError.system(system), ReactorError.system(system), FileError.notFound(file: bad),
            FileError.notRegular(file: bad), FileError.outOfRange(file: bad, offset: 1, length: nil, size: 0),
            FileError.closed(peer: address), FileError.truncated(file: bad, sent: 1, length: 2),
            FileError.system(file: bad, system), RelayError.sourceClosed(peer: address),
            RelayError.receiverClosed(peer: address), RelayError.alreadyRelaying(peer: address),
            WriteLimitExceeded(limit: 1, wanted: 2, peer: address),
        ]
        for reason in reasons {
            errors += [reason, FileError.lost(sent: 1, reason), RelayError.otherLost(peer: address, reason)]
        }
        var messages = errors.map { "\($0)" } + errors.map { String(reflecting: $0) }
        messages += errors.map { "\(ReactorDiagnostic.hookFailed($0)) \(ReactorDiagnostic.handoverFailed($0))" }
        messages += [
            "\(ReactorDiagnostic.acceptFailed(system))", "\(ReactorDiagnostic.connectionFailed(system))", "\(address)",
        ]
        messages += ["\(ReactorDiagnostic.connectFailed(.cancelled(to: bad)))"]
        for message in messages {
            #expect(MessageText.escaped(message) == message, "\(message)")
        }
    }
}
