import EventReactor

extension RandomEnd {
    /// Whether the reason of the loss can be explained by what was called.
    func judgeReason() {
        guard let reason else { return }
        switch reason {
        case .aborted: if !hasAborted { complain("aborted without a call") }
        case .timedOut: if !hasTimeouts { complain("timed out without a timeout") }
        case .failed(is Oops): if !hasThrown { complain("failed with an error that was not thrown") }
        case .failed(is WriteLimitExceeded): if !hasLimit { complain("a limit that was not set") }
        case .failed(is FileError): if !hasCutFile { complain("failed by a file that is whole: \(reason)") }
        case .failed(is RelayError): if !hasRelayed { complain("failed by a relay that was not") }
        case .failed(let error): complain("failed by \(error)")
        case .done: if !sawEnd && !hasLost { complain("ended in order without an end") }
        case .lost, .reactorStopped: break
        }
    }
}
