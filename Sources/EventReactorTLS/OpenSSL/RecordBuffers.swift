import COpenSSL

/// Buffers that OpenSSL reads from and writes to: one object for all TLS connections of a reactor, since one of them runs at a
/// time.
///
/// Input is a window on the bytes that have just arrived. Output is gathered, and sent by who called OpenSSL: so a
/// callback's records go out by one system call, OpenSSL never waits to write, and an idle connection holds no buffer.
@safe
final class RecordBuffers {
    /// The bytes that OpenSSL has not read yet.
    var input = unsafe UnsafeRawBufferPointer(start: nil, count: 0)
    /// The number of record headers that may be read before some plaintext has to come.
    var headersLeft = 0
    /// Whether more headers than that came.
    private var isFlooded = false

    private var output: UnsafeMutableRawPointer
    private var outputCapacity = 80 * 1024
    private(set) var outputCount = 0

    /// The alert that OpenSSL wrote last.
    var alertSent: TLSAlert?

    /// Where records are decrypted to.
    private(set) var plaintext: UnsafeMutableRawBufferPointer

    /// The BIO of all connections: OpenSSL counts its references.
    let bio: OpaquePointer

    /// The most plaintext that a record has.
    static let recordCapacity = 16 * 1024
    private static let headerLength = 5
    /// Application data of 65,535 bytes.
    private static let impossibleHeader: [CChar] = [23, 3, 3, -1, -1]

    init() {
        unsafe output = .allocate(byteCount: outputCapacity, alignment: 16)
        unsafe plaintext = .allocate(byteCount: 80 * 1024, alignment: 16)
        guard let bio = unsafe BIO_new(RecordBuffers.method) else { fatalError("out of memory") }
        unsafe self.bio = bio
        unsafe BIO_set_init(bio, 1)
        unsafe BIO_set_data(bio, Unmanaged.passUnretained(self).toOpaque())
    }

    deinit {
        unsafe BIO_set_data(bio, nil)
        unsafe BIO_free(bio)
        unsafe output.deallocate()
        unsafe plaintext.deallocate()
    }

    /// Allows so many record headers from now on.
    func allowHeaders(_ count: Int) {
        headersLeft = count
        isFlooded = false
    }

    /// Makes room for the plaintext of so many bytes, and of a record more.
    func reservePlaintext(_ count: Int) {
        let wanted = count + RecordBuffers.recordCapacity
        guard unsafe plaintext.count < wanted else { return }
        unsafe plaintext.deallocate()
        unsafe plaintext = .allocate(byteCount: wanted, alignment: 16)
    }

    /// Whether OpenSSL failed since more headers came than were allowed; asked once a failure.
    func takeFlood() -> Bool {
        defer { isFlooded = false }
        return isFlooded
    }

    /// Calls a closure with the output, if there is any, and forgets it.
    func takeOutput(_ body: (UnsafeRawBufferPointer) -> Void) {
        guard outputCount > 0 else { return }
        let count = outputCount
        outputCount = 0
        unsafe body(UnsafeRawBufferPointer(start: output, count: count))
    }

    // MARK: Called by OpenSSL

    private func read(_ buffer: UnsafeMutablePointer<CChar>, _ count: Int) -> Int32 {
        guard let start = unsafe input.baseAddress else { return -1 }
        if count == RecordBuffers.headerLength {
            if headersLeft == 0 {
                isFlooded = true
                // OpenSSL sends an alert by itself alone: it answers the header of an impossible length with one.
                unsafe buffer.update(from: RecordBuffers.impossibleHeader, count: count)
                return Int32(count)
            }
            headersLeft -= 1
        }
        let taken = min(count, unsafe input.count)
        guard taken > 0 else { return -1 }
        unsafe UnsafeMutableRawPointer(buffer).copyMemory(from: start, byteCount: taken)
        unsafe input = UnsafeRawBufferPointer(rebasing: input[taken...])
        return Int32(truncatingIfNeeded: taken)
    }

    private func write(_ bytes: UnsafePointer<CChar>, _ count: Int) -> Int32 {
        if outputCount + count > outputCapacity { growOutput(to: outputCount + count) }
        unsafe (output + outputCount).copyMemory(from: bytes, byteCount: count)
        outputCount += count
        return Int32(truncatingIfNeeded: count)
    }

    private func growOutput(to count: Int) {
        let capacity = max(count, outputCapacity * 2)
        let grown = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 16)
        unsafe grown.copyMemory(from: output, byteCount: outputCount)
        unsafe output.deallocate()
        unsafe output = grown
        outputCapacity = capacity
    }

    static func of(_ bio: OpaquePointer?) -> RecordBuffers? {
        guard let data = unsafe BIO_get_data(bio) else { return nil }
        return unsafe Unmanaged<RecordBuffers>.fromOpaque(data).takeUnretainedValue()
    }

    /// The method of the BIO: lives as long as the process.
    nonisolated(unsafe) private static let method: OpaquePointer? = {
        let kind = BIO_get_new_index() | BIO_TYPE_SOURCE_SINK
        let method = unsafe BIO_meth_new(kind, "event reactor")
        unsafe BIO_meth_set_read(method) { bio, buffer, count in
            unsafe BIO_clear_flags(bio, OPENSSL_BIO_RETRY_FLAGS)
            guard let buffer = unsafe buffer, let buffers = unsafe RecordBuffers.of(bio) else { return -1 }
            let taken = unsafe buffers.read(buffer, Int(count))
            if taken < 0 { unsafe BIO_set_flags(bio, OPENSSL_BIO_READ_FLAGS) }
            return taken
        }
        unsafe BIO_meth_set_write(method) { bio, bytes, count in
            guard let bytes = unsafe bytes, let buffers = unsafe RecordBuffers.of(bio) else { return -1 }
            return unsafe buffers.write(bytes, Int(count))
        }
        // Nothing is buffered in it, and the end is not its business.
        unsafe BIO_meth_set_ctrl(method) { _, command, _, _ in command == BIO_CTRL_FLUSH ? 1 : 0 }
        return unsafe method
    }()
}
