extension StreamConnection {
    /// The state of a connection: a read side, a write side, an ending, and what the machinery has to remember.
    ///
    /// One word, so that the data path tests several conditions by one mask. The moves that are legal are made by
    /// `endReading`, `beginEndingWrites`, `endWriting` and `begin(_:)`, which assert them; Documentation/Architecture.md
    /// has the diagram.
    package struct State: OptionSet {
        package let rawValue: UInt32
        package init(rawValue: UInt32) { self.rawValue = rawValue }

        // MARK: Read side

        /// The protocol, or a relay, has paused reading.
        static let readPaused = State(rawValue: 1 << 0)
        /// The peer has ended its side.
        package static let readEnded = State(rawValue: 1 << 1)
        /// Registered for nothing but a reset, since reading is not wanted.
        package static let parked = State(rawValue: 1 << 2)
        /// Bytes received are charged to a rate limit.
        static let readRateLimited = State(rawValue: 1 << 3)
        /// A rate limit allows no reading now.
        static let readStarved = State(rawValue: 1 << 4)
        /// Bytes that arrive are for a relay, which is in the extras.
        static let relaying = State(rawValue: 1 << 5)
        /// Bytes that arrive are taken by `splice`: the engine calls `readable`.
        static let splices = State(rawValue: 1 << 6)

        // MARK: Write side

        /// The send queue is not empty.
        package static let queued = State(rawValue: 1 << 7)
        /// Files or relays are in the send queue, and what is written now goes behind them.
        static let hasQueuedTransfers = State(rawValue: 1 << 8)
        /// Bytes that are sent are charged to a rate limit, and wait in the send queue for tokens.
        static let writeRateLimited = State(rawValue: 1 << 9)
        /// The engine writes by itself: everything goes through the send queue, from which it borrows.
        package static let queuesAll = State(rawValue: 1 << 10)
        /// The engine calls `hasRoom` in each turn in which the kernel would take bytes.
        package static let wantsRoom = State(rawValue: 1 << 11)
        /// `pauseWriting` was called last.
        static let writePaused = State(rawValue: 1 << 12)
        /// `loseWriteConnection` was called: the end follows what is queued.
        static let writeEnding = State(rawValue: 1 << 13)
        /// The end of the stream has been sent.
        package static let writeEnded = State(rawValue: 1 << 14)

        // MARK: Ending

        /// `loseConnection` was called.
        static let closing = State(rawValue: 1 << 15)
        /// Closing, everything is sent, and the peer has yet to acknowledge it.
        static let awaitingPeer = State(rawValue: 1 << 16)
        /// Sending failed, with the errno in `brokenCode`; what had arrived before is still delivered.
        static let broken = State(rawValue: 1 << 17)
        /// `abortConnection` was called.
        static let aborted = State(rawValue: 1 << 18)
        /// A callback threw, or a limit was exceeded; the error is in the extras.
        static let failed = State(rawValue: 1 << 19)
        /// `connectionLost` has been called or is being called.
        package static let lost = State(rawValue: 1 << 20)

        // MARK: Machinery

        /// `connectionMade` has been called or is being called.
        package static let established = State(rawValue: 1 << 21)
        /// A callback of the protocol is running.
        static let inCallback = State(rawValue: 1 << 22)
        /// In the reactor's list of connections to flush at the end of the turn.
        static let flushScheduled = State(rawValue: 1 << 23)
        /// A watermark may have been crossed: look when the callback has returned.
        static let watermarkCrossed = State(rawValue: 1 << 24)
        /// A call of `processPendingState` is under way.
        static let processingPendingState = State(rawValue: 1 << 25)
        /// It has timeouts: activity is noted in its ``ConnectionTimeouts``.
        package static let hasTimeouts = State(rawValue: 1 << 26)
        /// A layer is its protocol, and has a connection above it.
        package static let carriesLayer = State(rawValue: 1 << 27)
        /// It is above a layer: its handle is the connection below.
        package static let layered = State(rawValue: 1 << 28)
        /// Bytes that the protocol was called with and did not take are in the extras, in front of what arrives.
        package static let hasUnread = State(rawValue: 1 << 29)
        /// Another protocol has taken over, and its `connectionMade` has not been called yet.
        static let protocolReplaced = State(rawValue: 1 << 30)

        // MARK: Masks

        /// Writes are dropped in these.
        static let rejectsWrites: State = [.closing, .writeEnding, .aborted, .failed, .broken, .lost]
        /// Nothing is offered to the kernel in these.
        static let cannotSend: State = [.broken, .failed, .aborted, .lost]
        /// Writes go into the send queue in these, and not to the kernel at once.
        static let queuesWrites: State = [.queued, .writeRateLimited, .queuesAll]
        /// Bytes that were written may wait in these: here, or below a layer.
        static let mayHaveWaitingBytes: State = [.queuesWrites, .layered]
        /// Its queue, or the one above its layer, may count in the metrics.
        static let mayHaveTraffic: State = [.queuesWrites, .carriesLayer]
        /// A write is not just offered to the kernel in these.
        static let needsSlowSendPath: State = [.cannotSend, .queuesWrites, .hasTimeouts]
        /// Bytes that arrive in these are not for the protocol, or not yet: they are dropped, relayed, or kept.
        static let divertsInput: State = [.dropsInput, .relaying, .hasUnread, .protocolReplaced]
        /// Bytes that arrive in these are dropped.
        static let dropsInput: State = [.closing, .aborted, .failed, .lost]
        /// A protocol that handles frames is not called with the next of them in these.
        static let endsDelivery: State = [.divertsInput, .readPaused, .carriesLayer]
        /// Bytes that arrive are not just delivered in these.
        static let needsSlowReadPath: State = [.divertsInput, .readRateLimited, .hasTimeouts]
        /// Something is to be done once a callback has returned.
        static let hasPendingState: State = [
            .closing, .writeEnding, .aborted, .failed, .broken, .watermarkCrossed, .hasUnread, .protocolReplaced,
        ]
    }

    /// Why a connection ends, the later case before the earlier one if there are several.
    enum Ending {
        /// In order, once everything is sent.
        case closing
        /// Sending failed.
        case broken
        case aborted
        case failed
        case lost
    }
}

extension StreamConnection.State {
    /// The ending that counts; nil while the connection is open.
    var ending: StreamConnection.Ending? {
        if contains(.lost) { return .lost }
        if contains(.failed) { return .failed }
        if contains(.aborted) { return .aborted }
        if contains(.broken) { return .broken }
        return contains(.closing) ? .closing : nil
    }

    /// Begins an ending, beside those that have begun: `ending` says which of them counts.
    mutating func begin(_ ending: StreamConnection.Ending) {
        assert(!contains(.lost), "a lost connection does not end again")
        switch ending {
        case .closing: insert(.closing)
        case .broken:
            assert(!contains(.broken), "sending fails once")
            insert(.broken)
        case .aborted: insert(.aborted)
        case .failed: insert(.failed)
        case .lost: insert(.lost)
        }
    }

    /// Everything is sent, and the peer's acknowledgement is awaited.
    mutating func awaitPeer() {
        assert(
            contains(.closing) && isDisjoint(with: [.queued, .cannotSend]), "only a drained, closing connection waits")
        insert(.awaitingPeer)
    }

    mutating func endReading() {
        assert(isDisjoint(with: [.readEnded, .lost]), "the peer ends its side once")
        insert(.readEnded)
    }

    mutating func beginEndingWrites() {
        assert(isDisjoint(with: [.rejectsWrites, .writeEnded]), "only an open write side ends")
        insert(.writeEnding)
    }

    mutating func endWriting() {
        assert(isDisjoint(with: [.writeEnded, .queued, .cannotSend]), "the end follows everything written")
        insert(.writeEnded)
    }
}
