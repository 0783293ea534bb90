/// Failures to accept: backing off and reporting.
extension ListeningPort {
    /// Handles a failed accept: reports it, and backs off.
    ///
    /// - Parameters:
    ///   - error: the error of the system.
    ///   - closed: number of peers that were accepted and closed at once.
    ///   - waits: whether to back off, since another attempt would fail at once.
    package func acceptFailed(_ error: SystemError, closed: Int, waits: Bool) {
        counters.refusedByShortage += UInt64(max(0, closed))
        reactor.counts.shortages &+= 1
        reactor.counts.refused.add(.noDescriptor, closed)
        if let onAcceptFailure {
            onAcceptFailure(AcceptFailure(error: error, closedPeers: closed))
        } else {
            reportFailure(error)
        }
        guard waits, isListening, retry == nil else { return }
        pause(.starved)
        reactor.starvedPorts.append(self)
        retry = reactor.callLater(.milliseconds(100)) { [unowned self] in tryAgain() }
    }

    /// Called when a connection of the reactor closed, so that there may be a descriptor again.
    func descriptorFreed() {
        guard retry != nil else { return }
        tryAgain()
    }

    @inline(never)
    private func tryAgain() {
        endWait()
        resume(.starved)
    }

    @inline(never)
    func endWait() {
        guard let retry else { return }
        retry.cancel()
        self.retry = nil
        reactor.starvedPorts.removeAll { $0 === self }
    }

    // MARK: Reports

    /// Failures since the last report.
    ///
    /// A shortage in which descriptors become free now and then makes many failures a second, with connections accepted
    /// in between. So time ends a series of failures, not a success.
    final class FailureReport {
        fileprivate var count = 0
        fileprivate var latest: SystemError?
        fileprivate var due: DelayedCall?

        func cancel() {
            due?.cancel()
            due = nil
        }
    }

    private func reportFailure(_ error: SystemError) {
        if let failureReport {
            failureReport.count += 1
            failureReport.latest = error
            return
        }
        let report = FailureReport()
        failureReport = report
        awaitReport(report)
        reactor.report(.acceptFailed(error))
    }

    @inline(never)
    private func awaitReport(_ report: FailureReport) {
        report.due = reactor.callLater(.seconds(10)) { [weak self] in self?.reportRest(report) }
    }

    private func reportRest(_ report: FailureReport) {
        guard failureReport === report else { return }
        guard let latest = report.latest else { return failureReport = nil }
        let count = report.count
        report.count = 0
        report.latest = nil
        awaitReport(report)
        reactor.report(.acceptFailedAgain(latest, times: count))
    }
}
