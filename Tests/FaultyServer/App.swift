import CSystemFaults
import EventReactor
import EventReactorNative
import Glibc

/// Serves connections while system calls fail, and judges the outcome of each of them.
///
/// With FAULTS_ONLY in the environment only the calls that it names fail.
///
/// `FaultyServer ENGINE TRANSPORT SEED COUNT [ONE_IN [PATIENCE]]` with ENGINE libevent, bufferevent or native,
/// TRANSPORT tcp or unix. The last line is `whole:` and figures, with exit code 0; otherwise what is wrong is printed.
@main struct FaultyServer {
    static func main() throws {
        let words = CommandLine.arguments.dropFirst()
        guard words.count >= 4, let seed = UInt64(words[3]), let count = Int(words[4]) else {
            print("FaultyServer ENGINE TRANSPORT SEED COUNT [ONE_IN [PATIENCE]]")
            exit(64)
        }
        // The threads of a test block signals, and this one ends a run that hangs.
        var none = sigset_t()
        unsafe sigemptyset(&none)
        unsafe pthread_sigmask(SIG_SETMASK, &none, nil)
        alarm(600)
        let oneIn = words.count > 4 ? Int32(words[5]) ?? 100 : 100
        var wrong = try Load.run(
            engine: words[1], isUnix: words[2] == "unix", seed: seed, count: count, oneIn: oneIn,
            patience: .seconds(words.count > 5 ? Int(words[6]) ?? 60 : 60))
        if oneIn < 1000 { wrong += try Openings.run(engine: words[1], seed: seed) }
        guard wrong.isEmpty else {
            for line in wrong.prefix(20) { print(line) }
            print("again: FaultyServer \(words.joined(separator: " "))")
            fflush(nil)
            faults_print()
            exit(1)
        }
    }
}
