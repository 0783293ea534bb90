import EventReactorCore
import Synchronization

/// One host of a simulated network: the engine of its reactor, with a clock that the network moves.
final class SimulatedHost: ReactorEngine {
    enum Ready {
        case socket(Int32)
        case listener(Int32)
        case connect(Int32)
    }

    /// Whether another thread, or a call on this one, has left something in the reactor's queue.
    private final class WakeUp: Sendable {
        let came = Atomic<Bool>(false)
    }

    let network: NetworkCore
    let index: Int
    let name: String
    let address: SocketAddress
    private unowned(unsafe) var owner: ReactorBase!
    private let wakeUp = WakeUp()
    private var ready: [Ready] = []
    private var readyNow: [Ready] = []
    private var work: [PoolJob] = []
    private var nextPort: UInt16 = 49_152

    /// How long a turn takes, at least.
    var turnTime: Int64 = 0
    /// When the next turn may begin.
    private(set) var freeAt: Int64 = 0
    private var turnsInARow = 0
    /// A run was begun, by the network's clock or by the program; an ended one is begun anew by the program alone.
    private(set) var hasBegun = false
    var descriptorLimit: Int?

    init(network: NetworkCore, name: String) {
        self.network = network
        self.name = name
        index = network.names.count
        let number = UInt32(truncatingIfNeeded: index + 1)
        address = SocketAddress(ipv4Bits: 10 << 24 | number, port: 0)
        network.add(self)
    }

    deinit {
        network.removeHost(index)
    }

    /// The reactor that this is the engine of, and that owns it.
    var reactor: ReactorBase { unsafe owner }

    func serve(_ reactor: ReactorBase) {
        unsafe owner = reactor
    }

    // MARK: Turns

    var now: ReactorInstant { ReactorInstant(nanoseconds: network.now) }

    var streams: any StreamEngine { self }

    var wake: @Sendable () -> Void {
        { [wakeUp] in wakeUp.came.store(true, ordering: .releasing) }
    }

    func addReady(_ item: Ready) {
        ready.append(item)
    }

    /// When the host wants a turn; nil while nothing is to be done.
    var due: Int64? {
        guard reactor.isRunning else { return nil }
        if !ready.isEmpty || !work.isEmpty || wakeUp.came.load(ordering: .acquiring) { return max(freeAt, network.now) }
        guard let wanted = reactor.nextTurn else { return nil }
        return max(wanted.nanoseconds, freeAt, network.now)
    }

    /// Begins a run where none was begun yet, so that all hosts of a network run.
    func begin() {
        guard !hasBegun else { return }
        hasBegun = true
        guard !reactor.isRunning else { return }
        // It throws for signals, of which there are none, and where it is closed.
        guard (try? reactor.beginRun()) != nil else { return }
        reactor.awaitsStep = true
    }

    /// Takes a turn on the network's behalf.
    func step() {
        reactor.awaitsStep = false
        reactor.awaitsStep = reactor.continueRun()
    }

    func poll(until instant: ReactorInstant?) {
        hasBegun = true
        // Where a reactor's own run() asks, it drives the network until it has something to do itself.
        if !network.isDriving, !network.drive(until: self) { reactor.requestStop() }
        countTurn()
        reactor.beginWork()
        if wakeUp.came.exchange(false, ordering: .acquiring) { reactor.woken() }
        let work = self.work
        self.work = []
        for job in work { job.run() }
        handleReady()
    }

    /// A host that never rests takes time for its turns, lest the clock stand still.
    private func countTurn() {
        turnsInARow = network.now <= freeAt ? turnsInARow + 1 : 0
        freeAt = network.now
        spend(max(turnTime, turnsInARow > 10 ? 20_000 : 0))
    }

    /// Has the turn that is under way take longer.
    func spend(_ time: Int64) {
        let (end, overflow) = max(freeAt, network.now).addingReportingOverflow(time)
        freeAt = overflow ? .max : end
        reactor.addWork(time)
    }

    /// Forgets the turns that the host took without a rest: whoever moves the clock by hand has asked for each.
    func rest() {
        turnsInARow = 0
        if turnTime == 0 { freeAt = min(freeAt, network.now) }
    }

    private func handleReady() {
        swap(&ready, &readyNow)
        let order = network.faults.draw(.reordering) { random -> SeededRandom? in
            readyNow.count > 1 && random.oneIn(2) ? SeededRandom(seed: random.next()) : nil
        }
        if var order {
            for place in readyNow.indices.dropFirst() {
                readyNow.swapAt(place, order.integer(in: 0...place))
            }
        }
        for item in readyNow {
            switch item {
            case .socket(let id):
                if let socket = network.socket(id) { serve(socket) }
            case .listener(let id):
                guard let listener = network.listener(id) else { continue }
                listener.isReady = false
                listener.accept()
            case .connect(let id):
                network.connect(id)?.complete()
            }
        }
        readyNow.removeAll(keepingCapacity: true)
    }

    // MARK: What means nothing here

    func beginSignals(_ signals: [Int32], deadly: [Int32]) {}

    func endSignals() {}

    func submit(
        _ work: @escaping @Sendable () -> Void, to pool: ThreadPool, for owner: AnyObject
    ) -> any CancellableWork {
        // On this thread, in its turn: another thread would be done when it pleases.
        let job = PoolJob(work)
        self.work.append(job)
        return job
    }

    func shut() {
        work = []
        ready = []
    }

    func waitingCount(in pool: ThreadPool) -> Int { pool === ThreadPool.work ? work.count : 0 }

    // MARK: What a host has

    /// A port that no socket of the host has.
    func makePort() -> UInt16 {
        let port = nextPort
        nextPort = port == .max ? 49_152 : port + 1
        return port
    }

    var isOutOfDescriptors: Bool { descriptorLimit.map { reactor.connectionCount >= $0 } ?? false }

    /// Why the host cannot accept now, if it cannot.
    func acceptFailure() -> Int32? {
        if isOutOfDescriptors { return Code.noDescriptor }
        return network.faults.draw(.acceptFailures) { random in
            guard random.oneIn(4) else { return nil }
            return [Code.noDescriptor, Code.noFile, Code.noBuffer, Code.noMemory][random.integer(in: 0...3)]
        }
    }
}
