import COpenSSL
import EventReactorCore

/// State that the TLS connections of a reactor share.
final class TLSRuntime {
    let engine = TLSStreamEngine()
    let buffers = RecordBuffers()
    var metrics = TLSMetrics()
    // By context, while handshakes of it are under way: those keep it. A weak reference would give it a side table,
    // which LeakSanitizer takes for lost if a global keeps the context.
    private var slots: [ObjectIdentifier: HandshakeSlots] = [:]

    static func of(_ reactor: ReactorBase) -> TLSRuntime {
        reactor.layerState(TLSRuntime.self) { TLSRuntime() }
    }

    func takeSlot(of context: TLSServerContext, for layer: TLSLayer) -> Bool {
        let context = (id: ObjectIdentifier(context), limit: context.settings.handshakesUnderWay)
        if let made = slots[context.id] { return made.take(for: layer) }
        let made = HandshakeSlots(limit: context.limit)
        slots[context.id] = made
        return made.take(for: layer)
    }

    func giveSlot(of context: TLSServerContext) {
        let id = ObjectIdentifier(context)
        if let made = slots[id], made.give() { slots[id] = nil }
    }
}
