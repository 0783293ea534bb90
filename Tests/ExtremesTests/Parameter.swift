import EventReactor
import Glibc
import Testing

/// The expected outcome of a parameter's values.
enum Expectation: Sendable {
    /// All of them work, as they are or as the nearest that can be.
    case works
    /// All of them are refused by an error of one of these types.
    case fails([any Error.Type])
    /// Each either works or is refused by an error of one of these types.
    case worksOrFails([any Error.Type])

    static func fails(_ types: any Error.Type...) -> Expectation { .fails(types) }
    static func worksOrFails(_ types: any Error.Type...) -> Expectation { .worksOrFails(types) }
}

/// A parameter of the public interface, and the values that it is given.
///
/// The table of all of them is ``all``: a new one is a line there, with its values and a closure that uses the value as
/// a program would. Many traps come later than the call: in deadlines, token buckets and windows.
struct Parameter: Sendable {
    struct Trial: Sendable {
        let value: String
        let body: @Sendable (Engine) throws -> Void
    }

    let name: String
    let engines: [Engine]
    let expectation: Expectation
    let trials: [Trial]

    /// A parameter that is tried on engines.
    init<Value: Sendable>(
        _ name: String, _ values: [Value], on engines: [Engine] = Engine.allCases,
        _ expectation: Expectation = .works, _ body: @escaping @Sendable (Engine, Value) throws -> Void
    ) {
        self.name = name
        self.engines = engines
        self.expectation = expectation
        trials = values.map { value in Trial(value: Parameter.text(of: value)) { try body($0, value) } }
    }

    /// A parameter that needs no engine.
    init<Value: Sendable>(
        plain name: String, _ values: [Value], _ expectation: Expectation = .works,
        _ body: @escaping @Sendable (Value) throws -> Void
    ) {
        self.init(name, values, on: [.simulated], expectation) { try body($1) }
    }

    /// A setting of an exchange: two ends are connected under it, and one echoes what the other sends.
    init<Value: Sendable>(
        exchange name: String, _ values: [Value], on engines: [Engine] = Engine.allCases, message: Int = 2,
        _ expectation: Expectation = .works, _ set: @escaping @Sendable (inout Setup, Value) throws -> Void
    ) {
        self.init(name, values, on: engines, expectation) { engine, value in
            var setup = Setup()
            setup.messageSize = message
            try set(&setup, value)
            try Exchange(engine, setup).run()
        }
    }

    private static func text(of value: some Any) -> String {
        let text = String(describing: value)
        return text.utf8.count <= 60 ? text.debugDescription : "\(text.utf8.count) bytes"
    }

    /// Part of a parameter's name, from the environment: others are left out then, and each value is printed before it
    /// is tried, so that a trap is found.
    private static let only = unsafe getenv("EXTREMES").map { unsafe String(cString: $0) }

    /// Tries every value on an engine.
    func run(on engine: Engine) {
        if let only = Parameter.only, !name.contains(only) { return }
        for trial in trials {
            let comment: Comment = "\(name) = \(trial.value)"
            if Parameter.only != nil { StandardError.print("\(name), \(engine): \(trial.value)\n") }
            do {
                try trial.body(engine)
                if case .fails(let types) = expectation { Issue.record("\(comment): none of \(types)") }
            } catch {
                let types: [any Error.Type] =
                    switch expectation {
                    case .works: []
                    case .fails(let types), .worksOrFails(let types): types
                    }
                // Errors can be printed, for any value.
                let words = String(describing: error)
                #expect(!words.isEmpty, comment)
                #expect(types.contains { $0 == type(of: error) }, "\(comment): \(type(of: error)) \(words.prefix(300))")
            }
        }
    }
}
