extension ReactorMetrics.Loss {
    init(_ reason: ConnectionLostReason) {
        self =
            switch reason {
            case .done: .done
            case .lost: .lost
            case .timedOut: .timedOut
            case .aborted: .aborted
            case .failed: .failed
            case .reactorStopped: .reactorStopped
            }
    }
}

extension ReactorMetrics.Refusal {
    init(_ cause: ExcessConnection.Cause) {
        self =
            switch cause {
            case .total: .overTotal
            case .perPeer: .overPerPeer
            case .rate: .overRate
            }
    }
}

extension ReactorMetrics.ConnectFailure {
    init(_ error: ConnectError) {
        self =
            switch error {
            case .unresolvable: .unresolvable
            case .refused: .refused
            case .timedOut: .timedOut
            case .unreachable: .unreachable
            case .cancelled: .cancelled
            case .bindFailed: .bindFailed
            case .system: .system
            }
    }
}
