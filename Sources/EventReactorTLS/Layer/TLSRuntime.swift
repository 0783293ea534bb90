import COpenSSL
import EventReactorCore

/// State that the TLS connections of a reactor share.
final class TLSRuntime {
    let engine = TLSStreamEngine()
    let buffers = RecordBuffers()
    var metrics = TLSMetrics()
    private var timeouts: [Duration: CommonTimeout] = [:]
    private var slots: [Slots] = []

    private struct Slots {
        weak var context: TLSServerContext?
        let slots: HandshakeSlots
    }

    static func of(_ reactor: ReactorBase) -> TLSRuntime {
        reactor.layerState(TLSRuntime.self) { TLSRuntime() }
    }

    /// Handshakes with one timeout share the machinery for it.
    func timeout(_ duration: Duration, on reactor: ReactorBase) -> CommonTimeout {
        if let made = timeouts[duration] { return made }
        let made = reactor.commonTimeout(duration)
        timeouts[duration] = made
        return made
    }

    func slots(of context: TLSServerContext) -> HandshakeSlots {
        if let made = slots.first(where: { $0.context === context }) { return made.slots }
        slots.removeAll { $0.context == nil }
        let made = HandshakeSlots(limit: context.settings.handshakesUnderWay)
        slots.append(Slots(context: context, slots: made))
        return made
    }
}
