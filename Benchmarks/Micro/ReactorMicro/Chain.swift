import EventReactor
import Glibc
import MicroOptions

/// libevent's classic benchmark: a chain of socket pairs, in which a byte that arrives at one is sent on to the next.
final class Chain {
    var links: [Link] = []
    var toSend = 0
    var received = 0
    var expected = 0
    var finished: () -> Void = {}

    func begin(active: Int, sends: Int) {
        toSend = sends
        expected = active + sends
        for index in 0..<active { links[index * links.count / active].out.transport.write([1]) }
    }
}

/// The receiving end of a pair, and the sending end of the same pair.
final class Link: Protocol {
    let chain: Chain
    let out: Protocol
    let place: Int

    init(_ chain: Chain, place: Int, out: Protocol) {
        self.chain = chain
        self.place = place
        self.out = out
    }

    override func dataReceived(_ data: Span<UInt8>) {
        chain.received += data.count
        if chain.received == chain.expected { return chain.finished() }
        guard chain.toSend > 0 else { return }
        chain.toSend -= data.count
        let next = chain.links[place + 1 == chain.links.count ? 0 : place + 1]
        next.out.transport.write(data)
    }
}

/// The sending end of a pair, which takes part once both ends are connected.
final class Out: Protocol {
    let made: () -> Void

    init(_ made: @escaping () -> Void) {
        self.made = made
    }

    override func connectionMade() { made() }
}

extension ReactorMicro {
    static func chain(on reactor: ReactorBase, _ options: MicroOptions) throws {
        let chain = Chain()
        let path = "\0event-reactor-chain-\(getpid())"
        var standing = 0
        var began = 0
        var steps = Steps()

        func linked() {
            standing += 1
            if standing < 2 * options.pipes { return connectNext() }
            // The first round warms up.
            chain.finished = {
                chain.received = 0
                chain.finished = {
                    steps.add("event", nanoseconds(CLOCK_THREAD_CPUTIME_ID) - began, each: options.count)
                    try? reactor.stop()
                }
                reactor.callSoon {
                    began = nanoseconds(CLOCK_THREAD_CPUTIME_ID)
                    chain.begin(active: options.active, sends: options.count - options.active)
                }
            }
            chain.begin(active: options.active, sends: options.count / 4)
        }

        var outs: [Out] = []
        try reactor.listenUNIX(path: path) {
            let link = Link(chain, place: chain.links.count, out: outs[chain.links.count])
            chain.links.append(link)
            reactor.callSoon { linked() }
            return link
        }
        func connectNext() {
            guard standing % 2 == 0 else { return }
            let out = Out { linked() }
            outs.append(out)
            _ = try? reactor.connectUNIX(path: path) { out }
        }
        reactor.callSoon { connectNext() }
        try reactor.run()
        steps.printOut()
    }
}
