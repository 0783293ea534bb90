public import EventReactorCore

/// Matches responses with requests by a key that both have, such as a correlation id: responses may come in any order.
///
/// ```swift
/// let requests = KeyedRequestMatcher<UInt32, Message>(on: reactor, timeout: .seconds(5))
///
/// try requests.add(id) { result in print(result) }
/// transport.write(request)
///
/// // For each response that is complete, in `dataReceived`:
/// if requests.receive(response, for: response.id) == .unexpected { print("late, or never asked for") }
///
/// // In the protocol's `connectionLost`:
/// requests.connectionLost(reason)
/// ```
///
/// A request that has timed out or was cancelled is forgotten, and its response is unexpected if it comes all the same. So
/// the key of one should not be used again soon: a late response would be taken for that of the new request.
///
/// It belongs to the reactor's thread and retains neither the reactor nor the protocol. Completions are called once each,
/// and never inside ``add(_:_:)`` or ``cancel(_:)``. A request allocates nothing but its closure, and all operations are
/// O(1).
public final class KeyedRequestMatcher<Key: Hashable, Response> {
    /// The most requests that may be outstanding.
    public let maximumOutstanding: Int

    /// Called after the completion of each request that has timed out, with its key.
    public var onTimeout: ((Key) -> Void)?

    private var indices: [Key: Int] = [:]
    private var requests = RequestList<Key, Response>()
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

    /// The number of requests that wait for their response.
    public var outstandingCount: Int { indices.count }

    /// Registers a request; the caller writes it then.
    ///
    /// - Parameters:
    ///   - key: the key that its response will have.
    ///   - completion: called once with the response, or with the error if there is none; released unused by
    ///     ``cancel(_:)``.
    /// - Throws: ``RequestError/tooManyOutstanding(limit:)``, ``RequestError/duplicateKey``, or
    ///   ``RequestError/connectionLost(_:)`` after the loss; the completion is not called then.
    public func add(
        _ key: Key, _ completion: @escaping (Result<Response, RequestError>) -> Void
    ) throws(RequestError) {
        if let lost { throw .connectionLost(lost) }
        guard indices.count < maximumOutstanding else { throw .tooManyOutstanding(limit: maximumOutstanding) }
        guard indices[key] == nil else { throw .duplicateKey }
        let deadline = alarm.deadline
        indices[key] = requests.append(key, completion, deadline: deadline)
        setAlarm(for: deadline)
    }

    /// Completes the request with a key.
    ///
    /// - Parameters:
    ///   - response: the response that has arrived.
    ///   - key: its key.
    /// - Returns: ``ResponseOutcome/delivered``, or ``ResponseOutcome/unexpected`` if no request waits for it.
    @discardableResult
    public func receive(_ response: Response, for key: Key) -> ResponseOutcome {
        guard let completion = remove(key) else { return .unexpected }
        completion(.success(response))
        return .delivered
    }

    /// Cancels a request: its completion is released and not called.
    ///
    /// - Returns: False if no request with this key is outstanding; nothing happens then.
    @discardableResult
    public func cancel(_ key: Key) -> Bool {
        remove(key) != nil
    }

    /// Completes all requests with ``RequestError/connectionLost(_:)``, oldest first; the protocol's `connectionLost` calls
    /// it.
    ///
    /// Requests that are added later throw that error. A second call does nothing.
    public func connectionLost(_ reason: ConnectionLostReason) {
        guard lost == nil else { return }
        lost = reason
        alarm.cancel()
        indices = [:]
        for completion in requests.takeAll() { completion(.failure(.connectionLost(reason))) }
    }

    // MARK: Deadlines

    private func remove(_ key: Key) -> ((Result<Response, RequestError>) -> Void)? {
        guard let index = indices.removeValue(forKey: key) else { return nil }
        return requests.remove(at: index)
    }

    private func setAlarm(for deadline: Int64) {
        // Asked first, since the closure is an allocation.
        guard alarm.isNeeded(for: deadline) else { return }
        alarm.set(for: deadline) { [unowned self] in ring() }
    }

    private func ring() {
        alarm.fired()
        let now = alarm.now
        while let (key, deadline) = requests.first {
            guard deadline <= now else { return setAlarm(for: deadline) }
            indices[key] = nil
            // By its place: a key such as a NaN is not found by itself.
            requests.removeFirst()?(.failure(.timedOut(after: alarm.timeout ?? .zero)))
            onTimeout?(key)
        }
    }
}

@available(*, unavailable)
extension KeyedRequestMatcher: Sendable {}
