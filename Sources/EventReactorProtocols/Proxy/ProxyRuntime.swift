import EventReactorCore

/// State that connections of a reactor share while they wait for a header.
final class ProxyRuntime {
    /// The least time between reports of refused headers: a peer must not be able to fill a log.
    private static let reportInterval: Duration = .seconds(10)

    private var timeouts: [Duration: CommonTimeout] = [:]
    private var refusedSinceReport = 0
    private var lastReport: ReactorInstant?

    static func of(_ reactor: ReactorBase) -> ProxyRuntime {
        reactor.layerState(ProxyRuntime.self) { ProxyRuntime() }
    }

    /// Headers with one deadline share the machinery for it.
    func timeout(_ duration: Duration, on reactor: ReactorBase) -> CommonTimeout {
        if let made = timeouts[duration] { return made }
        let made = reactor.commonTimeout(duration)
        timeouts[duration] = made
        return made
    }

    /// Reports a refused header, or counts it for the next report.
    func refused(_ error: ProxyError, from peer: SocketAddress, on reactor: ReactorBase) {
        refusedSinceReport += 1
        let now = reactor.now
        if let lastReport, lastReport.duration(to: now) < ProxyRuntime.reportInterval { return }
        lastReport = now
        let times = refusedSinceReport
        refusedSinceReport = 0
        reactor.report(.proxyHeaderRefused(error, peer: peer, times: times))
    }
}
