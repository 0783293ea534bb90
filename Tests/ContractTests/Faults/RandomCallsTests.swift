import EventReactor
import Glibc
import Testing

/// Each setting runs its seeds in a process of its own, so that descriptors can be counted.
///
/// `RANDOM_CALLS=17` runs one seed again, `RANDOM_CALLS=17x50` as often, and `RANDOM_CALLS=1-2000` as many.
@Suite("Random calls from every callback")
struct RandomCallsTests {
    /// 200 in all, spread over the settings.
    static func seeds(of setting: Setting) -> [UInt64] {
        if let chosen = unsafe getenv("RANDOM_CALLS") {
            let words = unsafe String(cString: chosen).split(separator: "x")
            let bounds = words.first?.split(separator: "-").compactMap { UInt64($0) } ?? []
            guard let first = bounds.first, let last = bounds.last, first <= last else { return [] }
            let times = words.dropFirst().first.flatMap { Int($0) } ?? 1
            return Array(repeating: first...last, count: times).flatMap { $0 }
        }
        let settings = Setting.all
        let own = settings.firstIndex { $0.testDescription == setting.testDescription } ?? 0
        return stride(from: own + 1, through: 200, by: settings.count).map { UInt64($0) }
    }

    @Test(arguments: Setting.all)
    func everyTransportCallFromEveryCallbackKeepsBytesWhole(_ setting: Setting) async {
        await #expect(processExitsWith: .success) { [setting] in
            func run(_ seed: UInt64) throws {
                var leaks: [() -> RandomEnd?] = []
                var report: String?
                weak var reactor: ReactorBase?
                do {
                    let world = try setting.makeWorld()
                    defer { world.end() }
                    reactor = world.reactor
                    let scene = try RandomScene(seed: seed, world)
                    try scene.run()
                    report = scene.report
                    for end in scene.ends { leaks.append { [weak end] in end } }
                }
                if let report { Issue.record("\(report)") }
                let left = leaks.compactMap { $0()?.name }
                if !left.isEmpty { Issue.record("seed \(seed), \(setting): \(left) are never freed") }
                if reactor != nil { Issue.record("seed \(seed), \(setting): the reactor is never freed") }
            }
            let seeds = RandomCallsTests.seeds(of: setting)
            // Descriptors that the process opens once.
            if let first = seeds.first { try run(first) }
            let before = Descriptors.kinds
            for seed in seeds { try run(seed) }
            #expect(Descriptors.grown(since: before, by: 1) == [])
        }
    }
}
