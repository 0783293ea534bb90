import EventReactorCore

/// Reports of the headers that a reactor refuses.
final class ProxyRuntime {
    /// The least time between reports of refused headers: a peer must not be able to fill a log.
    private static let reportInterval: Duration = .seconds(10)

    private var refusedSinceReport = 0
    private var lastReport: ReactorInstant?

    static func of(_ reactor: ReactorBase) -> ProxyRuntime {
        reactor.layerState(ProxyRuntime.self) { ProxyRuntime() }
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
