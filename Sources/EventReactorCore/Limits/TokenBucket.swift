/// A token bucket: the bytes that may pass now; tokens come continuously, up to the capacity.
struct TokenBucket {
    private let rate: Int64
    private let capacity: Int
    private(set) var tokens: Int
    /// The part of a token that came beyond whole ones, in billionths.
    private var fraction: Int64 = 0
    private var filled: ReactorInstant

    private static let second: Int64 = 1_000_000_000

    init(rate: Int, burst: Int, at now: ReactorInstant) {
        self.rate = Int64(max(10, rate))
        let tenth = Int(self.rate / 10)
        capacity = max(tenth, burst)
        tokens = tenth
        filled = now
    }

    /// A hundredth of a second's worth: a connection that waits is served so many, or fewer if it wants no more.
    var quantum: Int { max(1, Int(rate / 100)) }

    mutating func refill(at now: ReactorInstant) {
        let elapsed = filled.duration(to: now).saturatedNanoseconds
        guard elapsed > 0 else { return }
        filled = now
        let product = rate.multipliedFullWidth(by: elapsed)
        // More tokens than a word can count fill any bucket.
        guard product.high < TokenBucket.second / 2 - 1 else { return add(capacity) }
        let (whole, rest) = TokenBucket.second.dividingFullWidth(product)
        let carried = rest + fraction
        fraction = carried % TokenBucket.second
        add(Int(whole) + (carried >= TokenBucket.second ? 1 : 0))
    }

    mutating func spend(_ count: Int) {
        tokens -= min(count, tokens)
    }

    /// Adds tokens, up to the capacity.
    mutating func add(_ count: Int) {
        if count < capacity - tokens {
            tokens += count
        } else {
            tokens = capacity
            fraction = 0
        }
    }

    /// The time from the last refill until there are so many tokens.
    func delay(until wanted: Int) -> Duration {
        guard wanted > tokens else { return .zero }
        let (missing, overflow) = Int64(wanted - tokens).multipliedReportingOverflow(by: TokenBucket.second)
        return overflow ? .milliseconds(10) : .nanoseconds((missing - fraction - 1) / rate + 1)
    }
}
