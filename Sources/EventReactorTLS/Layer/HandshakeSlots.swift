/// Bounds the handshakes of a context that are under way on a reactor; those beyond wait in order.
final class HandshakeSlots {
    private let limit: Int
    private var used = 0
    private var waiting: [Waiting] = []
    private var first = 0

    private struct Waiting {
        weak var layer: TLSLayer?
    }

    init(limit: Int) {
        self.limit = max(1, limit)
    }

    /// Takes a slot, or has the layer wait for one.
    func take(for layer: TLSLayer) -> Bool {
        guard used < limit else {
            waiting.append(Waiting(layer: layer))
            return false
        }
        used += 1
        return true
    }

    /// A handshake is over: the next that waits may begin.
    ///
    /// - Returns: whether no handshake is under way.
    func give() -> Bool {
        used -= 1
        while used < limit, first < waiting.count {
            let next = waiting[first].layer
            waiting[first].layer = nil
            first += 1
            if let next, next.slotCame() { used += 1 }
        }
        if first > 64, first > waiting.count / 2 {
            waiting.removeFirst(first)
            first = 0
        }
        return used == 0
    }
}
