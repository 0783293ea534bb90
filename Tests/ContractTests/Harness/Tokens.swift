/// The objects that closures of a test captured, by the closures' names: an object that is alive is a closure retained.
final class Tokens {
    final class Token {}

    private struct Weak { weak var token: Token? }

    private var all: [(name: String, token: Weak)] = []

    func make(_ name: String) -> Token {
        let token = Token()
        all.append((name, Weak(token: token)))
        return token
    }

    /// The names of the closures that are still retained.
    var retained: [String] { all.filter { $0.token.token != nil }.map(\.name) }

    /// A closure that retains a new token and may do something when it is called.
    func closure(_ name: String, _ body: @escaping () -> Void = {}) -> () -> Void {
        let token = make(name)
        return { withExtendedLifetime(token, body) }
    }
}
