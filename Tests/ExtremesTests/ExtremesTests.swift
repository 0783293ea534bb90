import Testing

/// One parameter on one engine.
struct ExtremeCase: Sendable, CustomTestStringConvertible {
    let parameter: Parameter
    let engine: Engine

    var testDescription: String { "\(parameter.name), \(engine.rawValue)" }

    static let all = Parameter.all.flatMap { parameter in
        parameter.engines.map { ExtremeCase(parameter: parameter, engine: $0) }
    }
}

extension Parameter {
    /// Every parameter that is a number, a duration, a size, a path or a host.
    static let all =
        reactors + streams + timeouts + rates + transports + listening + connecting + times + files + groups + handover
        + simulations + testTransports + addresses + bytes + figures + errors
}

@Suite("Extremes")
struct ExtremesTests {
    @Test(arguments: ExtremeCase.all)
    func everyValueOfAParameterWorksOrIsATypedError(_ entry: ExtremeCase) {
        entry.parameter.run(on: entry.engine)
    }
}
