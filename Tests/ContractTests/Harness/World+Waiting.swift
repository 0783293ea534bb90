import EventReactor
import Testing

extension World {
    /// Calls a closure once a condition is true, by polling: for conditions that no callback reports.
    func wait(until condition: @escaping () -> Bool, then body: @escaping () -> Void) {
        guard !isFinished else { return }
        if condition() { return body() }
        reactor.callLater(.milliseconds(1)) { [unowned self] in wait(until: condition, then: body) }
    }

    /// Calls a closure once all of several ends are connected.
    func whenMade(_ recorders: Recorder..., then body: @escaping () -> Void) {
        wait(until: { recorders.allSatisfy { !$0.calls.isEmpty } }, then: body)
    }

    /// Calls a closure after some turns and some time, in which all that is under way on this machine has arrived.
    func settle(turns: Int = 10, then body: @escaping () -> Void) {
        reactor.callLater(.milliseconds(2)) { [unowned self] in
            if turns > 1 { settle(turns: turns - 1, then: body) } else { body() }
        }
    }

    /// Lets time pass and checks that the loop slept meanwhile: readiness without interest must not keep it busy.
    func expectSleep(sourceLocation: SourceLocation = #_sourceLocation, then body: @escaping () -> Void) {
        let start = reactor.turnNumber
        reactor.callLater(.milliseconds(50)) { [unowned self] in
            let turns = reactor.turnNumber - start
            #expect(turns < 150, "\(turns) turns with nothing to do", sourceLocation: sourceLocation)
            body()
        }
    }

    /// Ends the run when all of several connections are lost; each recorder's own `onLost` is kept.
    func finishWhenLost(_ recorders: Recorder..., then check: @escaping () -> Void = {}) {
        finishWhenLost(recorders, then: check)
    }

    func finishWhenLost(_ recorders: [Recorder], then check: @escaping () -> Void = {}) {
        var rest = recorders.count
        for recorder in recorders {
            let own = recorder.onLost
            recorder.onLost = { [unowned self] recorder, reason in
                own(recorder, reason)
                rest -= 1
                guard rest == 0 else { return }
                check()
                finish()
            }
        }
    }
}

extension StreamOptions {
    /// Small buffers in the kernel, so that it takes writes in parts and backpressure comes soon.
    static var narrow: StreamOptions {
        var options = StreamOptions()
        options.kernelSendBuffer = 16 * 1024
        options.kernelReceiveBuffer = 16 * 1024
        return options
    }
}
