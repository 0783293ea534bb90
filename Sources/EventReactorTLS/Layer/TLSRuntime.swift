import COpenSSL
import EventReactorCore

/// What the TLS connections of a reactor share.
final class TLSRuntime {
    let engine = TLSStreamEngine()
    let buffers = RecordBuffers()
    var metrics = TLSMetrics()
    private var timeouts: [Duration: CommonTimeout] = [:]
    private var slots: [ObjectIdentifier: HandshakeSlots] = [:]

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
        if let made = slots[ObjectIdentifier(context)] { return made }
        let made = HandshakeSlots(limit: context.settings.handshakesUnderWay)
        slots[ObjectIdentifier(context)] = made
        return made
    }
}
