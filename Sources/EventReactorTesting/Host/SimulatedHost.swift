import EventReactorCore
import Synchronization

/// A host of a simulated network: the engine of its reactor, on the network's virtual clock.
final class SimulatedHost: ReactorEngine, NameResolver, BlockingWorkers, SocketDescriptors {
    enum Ready {
        case socket(Int32)
        case listener(Int32)
        case connect(Int32)
    }

    /// Whether the reactor's queue has calls from another thread or from this one.
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

    /// Minimum duration of a turn, in nanoseconds.
    var turnTime: Int64 = 0
    /// Instant from which the next turn may begin.
    private(set) var freeAt: Int64 = 0
    private var turnsInARow = 0
    /// Whether a run was begun, by the network's clock or by the program; after its end only the program begins another.
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

    /// The reactor that owns this engine.
    var reactor: ReactorBase { unsafe owner }

    func serve(_ reactor: ReactorBase) {
        unsafe owner = reactor
    }

    // MARK: Turns

    var now: ReactorInstant { ReactorInstant(nanoseconds: network.now) }

    func streams(for buffering: Buffering) -> any StreamEngine { self }
    var resolver: any NameResolver { self }
    var workers: any BlockingWorkers { self }
    var sockets: any SocketDescriptors { self }

    var wake: @Sendable () -> Void {
        { [wakeUp] in wakeUp.came.store(true, ordering: .releasing) }
    }

    func addReady(_ item: Ready) {
        ready.append(item)
    }

    /// Instant of the host's next turn; `nil` while it is idle.
    var due: Int64? {
        guard reactor.isRunning else { return nil }
        if !ready.isEmpty || !work.isEmpty || wakeUp.came.load(ordering: .acquiring) { return max(freeAt, network.now) }
        guard let wanted = reactor.nextTurn else { return nil }
        return max(wanted.nanoseconds, freeAt, network.now)
    }

    /// Begins a run if none was begun yet, so that all hosts of a network run.
    func begin() {
        guard !hasBegun else { return }
        hasBegun = true
        guard !reactor.isRunning else { return }
        // It throws for signals, which no simulated run has, and if it is closed.
        guard (try? reactor.beginRun()) != nil else { return }
        reactor.awaitsStep = true
    }

    /// Runs one turn for the network.
    func step() {
        reactor.awaitsStep = false
        reactor.awaitsStep = reactor.continueRun()
    }

    func poll(until instant: ReactorInstant?) {
        hasBegun = true
        // Called by the reactor's own run(), it drives the network until the host has something to do.
        if !network.isDriving, !network.drive(until: self) { reactor.requestStop() }
        countTurn()
        reactor.beginWork()
        if wakeUp.came.exchange(false, ordering: .acquiring) { reactor.woken() }
        let work = self.work
        self.work = []
        for job in work { job.run() }
        handleReady()
    }

    /// Makes the turns of a host that is never idle take time, so that the clock moves.
    private func countTurn() {
        turnsInARow = network.now <= freeAt ? turnsInARow + 1 : 0
        freeAt = network.now
        spend(max(turnTime, turnsInARow > 10 ? 20_000 : 0))
    }

    /// Extends the current turn.
    func spend(_ time: Int64) {
        let (end, overflow) = max(freeAt, network.now).addingReportingOverflow(time)
        freeAt = overflow ? .max : end
        reactor.addWork(time)
    }

    /// Resets the count of turns without idle time: a test that moves the clock by hand asked for each of them.
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
            for index in readyNow.indices.dropFirst() {
                readyNow.swapAt(index, order.integer(in: 0...index))
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

    // MARK: Without a kernel

    func beginSignals(_ signals: [Int32], deadly: [Int32]) {}

    func endSignals() {}

    func submit(
        _ work: @escaping @Sendable () -> Void, to pool: ThreadPool, for owner: AnyObject
    ) -> any CancellableWork {
        // On this thread, in its turn: when another thread finishes is not determined by the seed.
        let job = PoolJob(work)
        self.work.append(job)
        return job
    }

    func shut() {
        work = []
        ready = []
    }

    func waitingCount(in pool: ThreadPool) -> Int { pool === ThreadPool.work ? work.count : 0 }

    // MARK: Resources

    /// Returns a port that no socket of the host has.
    func makePort() -> UInt16 {
        let port = nextPort
        nextPort = port == .max ? 49_152 : port + 1
        return port
    }

    var isOutOfDescriptors: Bool { descriptorLimit.map { reactor.connectionCount >= $0 } ?? false }

    /// The error with which accepting fails now, if it does.
    func acceptFailure() -> Int32? {
        if isOutOfDescriptors { return Code.noDescriptor }
        return network.faults.draw(.acceptFailures) { random in
            guard random.oneIn(4) else { return nil }
            return [Code.noDescriptor, Code.noFile, Code.noBuffer, Code.noMemory][random.integer(in: 0...3)]
        }
    }
}
