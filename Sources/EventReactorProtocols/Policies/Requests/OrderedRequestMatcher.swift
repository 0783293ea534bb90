public import EventReactorCore

/// Matches responses with pipelined requests by their order: the first response is that of the first request.
///
/// ```swift
/// final class RedisClient: Protocol {
///     private let requests: OrderedRequestMatcher<String>
///
///     init(reactor: ReactorBase) {
///         requests = OrderedRequestMatcher(on: reactor, timeout: .seconds(5), maximumOutstanding: 128)
///     }
///
///     func ping(_ completion: @escaping (Result<String, RequestError>) -> Void) throws(RequestError) {
///         try requests.add(completion)
///         transport.write("PING\r\n")
///     }
///
///     override func dataReceived(_ data: Span<UInt8>) throws {
///         // For each response that is complete:
///         guard requests.receive("PONG") != .unexpected else { throw Unexpected() }
///     }
///
///     override func connectionLost(_ reason: ConnectionLostReason) {
///         requests.connectionLost(reason)
///     }
/// }
/// ```
///
/// A request that has timed out or was cancelled keeps its place until its response comes, which is then dropped: otherwise
/// the next request would get it. It counts as outstanding until then, so a peer that never answers fills the places, and
/// further requests fail with ``RequestError/tooManyOutstanding(limit:)``. Set ``onTimeout`` to abort such a connection.
///
/// It belongs to the reactor's thread and retains neither the reactor nor the protocol. Completions are called once each,
/// and never inside ``add(_:)`` or ``cancel(_:)``. A request allocates nothing but its closure.
public final class OrderedRequestMatcher<Response> {
    /// A request that was added.
    public struct ID: Hashable, Sendable {
        let number: Int
    }

    private struct Entry {
        /// Nil if the request has timed out or was cancelled.
        var completion: ((Result<Response, RequestError>) -> Void)?
        let deadline: Int64
    }

    /// The most requests that may be outstanding.
    public let maximumOutstanding: Int

    /// Called after the completion of each request that has timed out.
    ///
    /// ```swift
    /// requests.onTimeout = { [unowned self] in transport.abortConnection() }
    /// ```
    public var onTimeout: (() -> Void)?

    private var entries = RingBuffer<Entry>()
    /// The number of the request at the front.
    private var firstNumber = 0
    /// The number of the first request whose deadline has not passed.
    private var firstArmed = 0
    private var alarm: RequestAlarm
    private var lost: ConnectionLostReason?

    /// Creates a matcher for one connection.
    ///
    /// - Parameters:
    ///   - reactor: the reactor of the connection, for its clock; it is not retained.
    ///   - timeout: how long each request waits for its response; 30 seconds unless given, and nil for no limit.
    ///   - maximumOutstanding: the most requests that may be outstanding; 1,024 unless given, and less than 1 counts as 1.
    public init(on reactor: ReactorBase, timeout: Duration? = .seconds(30), maximumOutstanding: Int = 1024) {
        self.maximumOutstanding = max(1, maximumOutstanding)
        alarm = RequestAlarm(on: reactor, timeout: timeout)
    }

    deinit {
        alarm.cancel()
    }

    /// The number of requests whose response has not come, those included that have timed out or were cancelled.
    public var outstandingCount: Int { entries.count }

    /// Registers a request, behind all others; the caller writes it then.
    ///
    /// - Parameter completion: called once with the response, or with the error if there is none; released unused by
    ///   ``cancel(_:)``.
    /// - Returns: An identity by which it can be cancelled.
    /// - Throws: ``RequestError/tooManyOutstanding(limit:)``, or ``RequestError/connectionLost(_:)`` after the loss; the
    ///   completion is not called then.
    @discardableResult
    public func add(_ completion: @escaping (Result<Response, RequestError>) -> Void) throws(RequestError) -> ID {
        if let lost { throw .connectionLost(lost) }
        guard entries.count < maximumOutstanding else { throw .tooManyOutstanding(limit: maximumOutstanding) }
        let entry = Entry(completion: completion, deadline: alarm.deadline)
        entries.append(entry)
        setAlarm(for: entry.deadline)
        return ID(number: firstNumber + entries.count - 1)
    }

    /// Completes the request at the front with its response.
    ///
    /// - Parameter response: the response that has arrived.
    /// - Returns: The use that there was for it. An unexpected one is a fault of the peer.
    @discardableResult
    public func receive(_ response: Response) -> ResponseOutcome {
        guard let entry = entries.popFirst() else { return .unexpected }
        firstNumber += 1
        firstArmed = max(firstArmed, firstNumber)
        guard let completion = entry.completion else { return .dropped }
        completion(.success(response))
        return .delivered
    }

    /// Cancels a request: its completion is released and not called, and its response is dropped when it comes.
    ///
    /// - Returns: False if it was completed or cancelled before; nothing happens then.
    @discardableResult
    public func cancel(_ id: ID) -> Bool {
        let index = id.number - firstNumber
        guard index >= 0, index < entries.count, let completion = entries[index].completion else { return false }
        entries[index].completion = nil
        return withExtendedLifetime(completion) { true }
    }

    /// Completes all requests with ``RequestError/connectionLost(_:)``, in order; the protocol's `connectionLost` calls it.
    ///
    /// Requests that are added later throw that error. A second call does nothing.
    public func connectionLost(_ reason: ConnectionLostReason) {
        guard lost == nil else { return }
        lost = reason
        alarm.cancel()
        let unanswered = entries.takeAll()
        firstNumber += unanswered.count
        firstArmed = firstNumber
        for entry in unanswered { entry.completion?(.failure(.connectionLost(reason))) }
    }

    // MARK: Deadlines

    private func setAlarm(for deadline: Int64) {
        // Asked first, since the closure is an allocation.
        guard alarm.isNeeded(for: deadline) else { return }
        alarm.set(for: deadline) { [unowned self] in ring() }
    }

    private func ring() {
        alarm.fired()
        let now = alarm.now
        while firstArmed - firstNumber < entries.count {
            let index = firstArmed - firstNumber
            let deadline = entries[index].deadline
            guard deadline <= now else { return setAlarm(for: deadline) }
            firstArmed += 1
            guard let completion = entries[index].completion else { continue }
            entries[index].completion = nil
            completion(.failure(.timedOut(after: alarm.timeout ?? .zero)))
            onTimeout?()
        }
    }
}

@available(*, unavailable)
extension OrderedRequestMatcher: Sendable {}
