/// A health check of an idle connection that is in progress: what ``ConnectionPool/healthCheck`` is given.
///
/// It ends by the first call of ``pass()`` or ``fail()``, or with its time; later calls do nothing. It belongs to the
/// reactor's thread.
public final class HealthCheck {
    private var end: ((Bool) -> Void)?

    init(_ end: @escaping (Bool) -> Void) {
        self.end = end
    }

    /// Whether the pool still waits for the result.
    public var isPending: Bool { end != nil }

    /// The connection works: it is lent.
    public func pass() {
        end.take()?(true)
    }

    /// The connection does not work: it is dropped.
    public func fail() {
        end.take()?(false)
    }

    /// Ends without a result.
    func cancel() {
        end = nil
    }
}

@available(*, unavailable)
extension HealthCheck: Sendable {}
