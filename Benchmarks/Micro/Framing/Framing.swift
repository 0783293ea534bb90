// What dividing a stream into frames costs. Options:
//   --kind NAME          lines, newline, prefixed, netstrings, mixed, own, unspecialised, or bytes for none
//   --live               over a socket pair, on a reactor, and not from memory
//   --piece N            bytes of each piece that arrives from memory (default: 65536)
//
// Prints "ready", and for each line on its standard input a line of JSON: nanoseconds of the reactor's thread, and frames.

import EventReactor
import EventReactorProtocols
import EventReactorTesting
import Glibc

/// Content of each frame, in bytes, with the delimiter of lines.
let frameSize = 64

/// Frames of 64 bytes, by a framer of the program's own.
struct Blocks: Framer {
    func next(in bytes: Span<UInt8>, scanned: Int) throws(FramingError) -> FrameStep {
        bytes.count < frameSize
            ? .needMore(scanned: 0, missing: frameSize - bytes.count) : .frame(0..<frameSize, consumed: frameSize)
    }
}

/// The frames of all kinds, counted.
final class Count {
    var frames = 0
    /// Called when so many have come.
    var target = Int.max
    var reached: () -> Void = {}

    @inline(__always)
    func add() {
        frames += 1
        if frames == target { reached() }
    }
}

nonisolated(unsafe) let count = Count()

final class Lines: LineReceiver {
    override func lineReceived(_ line: Span<UInt8>) { count.add() }
}

final class Prefixed: LengthPrefixedReceiver {
    override func frameReceived(_ frame: Span<UInt8>) { count.add() }
}

final class Netstrings: NetstringReceiver {
    override func frameReceived(_ frame: Span<UInt8>) { count.add() }
}

final class Mixed: FramedProtocol {
    override func frameReceived(_ frame: Span<UInt8>) { count.add() }
}

final class Own: Framed<Blocks> {
    override func dataReceived(_ data: Span<UInt8>) throws { try receive(data) }
    override func frameReceived(_ frame: Span<UInt8>) { count.add() }
}

final class Unspecialised: Framed<Blocks> {
    override func frameReceived(_ frame: Span<UInt8>) { count.add() }
}

/// Counts blocks of 64 bytes without dividing anything: the share of all that is not framing.
final class Bytes: Protocol {
    private var rest = 0

    override func dataReceived(_ data: Span<UInt8>) {
        rest += data.count
        while rest >= frameSize {
            rest -= frameSize
            count.add()
        }
    }
}

struct Kind {
    let frame: [UInt8]
    let make: () -> Protocol

    static func named(_ name: String) -> Kind? {
        let text = [UInt8](repeating: UInt8(ascii: "x"), count: frameSize)
        switch name {
        case "lines": return Kind(frame: text.dropLast(2) + [13, 10]) { Lines() }
        case "newline": return Kind(frame: text.dropLast(2) + [13, 10]) { Lines(delimiter: .newline) }
        case "prefixed": return Kind(frame: [0, 0, 0, 60] + text.dropLast(4)) { Prefixed() }
        case "netstrings": return Kind(frame: Array("60:".utf8) + text.dropLast(4) + Array(",".utf8)) { Netstrings() }
        case "mixed": return Kind(frame: text.dropLast(2) + [13, 10]) { Mixed() }
        case "own": return Kind(frame: text) { Own(Blocks()) }
        case "unspecialised": return Kind(frame: text) { Unspecialised(Blocks()) }
        case "bytes": return Kind(frame: text) { Bytes() }
        default: return nil
        }
    }
}

@main struct Framing {
    static let slice = 1_000_000

    static func threadTime() -> Int64 {
        unsafe withUnsafeTemporaryAllocation(of: timespec.self, capacity: 1) { time in
            unsafe time.initialize(repeating: timespec())
            unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, time.baseAddress!)
            return unsafe Int64(time[0].tv_sec) * 1_000_000_000 + Int64(time[0].tv_nsec)
        }
    }

    static func report(_ nanoseconds: Int64, _ frames: Int) {
        print("{\"nanoseconds\": \(nanoseconds), \"frames\": \(frames)}")
        fflush(nil)
    }

    static func main() throws {
        let arguments = CommandLine.arguments
        func value(_ name: String) -> String? {
            arguments.firstIndex(of: name).flatMap { $0 + 1 < arguments.count ? arguments[$0 + 1] : nil }
        }
        guard let kind = value("--kind").flatMap(Kind.named) else {
            print("usage: Framing --kind NAME [--live | --piece N]")
            exit(2)
        }
        if arguments.contains("--live") { return try live(kind) }
        try fromMemory(kind, value("--piece").flatMap { Int($0) } ?? 65536)
    }

    /// Connected to a test's transport, but called with a span that is there already.
    static func fromMemory(_ kind: Kind, _ piece: Int) throws {
        let receiver = kind.make()
        let transport = TestTransport(for: receiver)
        // Whole frames and whole pieces, both.
        let bytes = Array(repeating: kind.frame, count: piece).flatMap { $0 }
        print("ready")
        fflush(nil)
        while readLine() != nil {
            let before = count.frames
            let start = threadTime()
            while count.frames - before < slice {
                var position = 0
                while position < bytes.count {
                    let end = min(position + piece, bytes.count)
                    try receiver.dataReceived(bytes.span.extracting(position..<end))
                    position = end
                }
            }
            report(threadTime() - start, count.frames - before)
        }
        withExtendedLifetime(transport) {}
    }

    static func send(_ bytes: [UInt8], to output: Int32) {
        unsafe bytes.withUnsafeBytes { bytes in
            var sent = 0
            while sent < bytes.count {
                let taken = unsafe write(output, bytes.baseAddress! + sent, bytes.count - sent)
                if taken < 0 { exit(1) }
                sent += taken
            }
        }
    }

    /// Over a socket pair, whose other end a thread fills.
    static func live(_ kind: Kind) throws {
        let reactor = try Reactor()
        var ends: [Int32] = [0, 0]
        guard unsafe socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0 else { exit(1) }
        try reactor.adoptStreamConnection(ends[0], protocol: kind.make())
        close(ends[0])
        let output = ends[1]
        let bytes = Array(repeating: kind.frame, count: 1024).flatMap { $0 }
        print("ready")
        fflush(nil)
        func next() {
            guard readLine() != nil else { return reactor.remote.stop() }
            let target = count.frames + slice / 1024 * 1024
            let start = threadTime()
            let before = count.frames
            count.target = target
            count.reached = {
                report(threadTime() - start, count.frames - before)
                reactor.callSoon(next)
            }
            reactor.deferToThread({ for _ in 0..<slice / 1024 { send(bytes, to: output) } }, then: { _ in })
        }
        reactor.callSoon(next)
        try reactor.run()
    }
}
