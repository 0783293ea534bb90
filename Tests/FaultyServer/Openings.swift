import CSystemFaults
import EventReactor
import EventReactorNative
import Glibc

/// Reactors and listeners that are made while system calls fail: each is made, or a typed error is thrown, and each
/// descriptor that was opened is closed again.
enum Openings {
    static func run(engine: String, seed: UInt64) throws -> [String] {
        var wrong: [String] = []
        var failures = 0
        let before = Load.descriptors
        for round in 0..<300 {
            faults_begin(seed &+ UInt64(round), 8)
            // libevent ends the process if it cannot open the descriptors of an event_base.
            if engine != "native" { unsafe faults_only("timerfd_create,socket,epoll_ctl ADD,close") }
            do { try open(engine) } catch {
                failures += 1
                if !(error is ReactorError || error is ListenError) { wrong.append("an opening throws \(error)") }
            }
            faults_end()
        }
        let after = Load.descriptors
        if after != before { wrong.append("openings: descriptors \(before) before, \(after) after") }
        if failures == 0 { wrong.append("no opening failed") }
        return wrong
    }

    private static func open(_ engine: String) throws {
        let reactor: ReactorBase = engine == "native" ? try NativeReactor() : try Reactor()
        let port = try reactor.listenTCP(port: 0, host: "127.0.0.1") { nil }
        reactor.callSoon { try? reactor.stop() }
        try reactor.run()
        port.stopListening()
    }
}
