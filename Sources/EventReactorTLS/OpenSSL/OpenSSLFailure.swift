import COpenSSL

/// The error in OpenSSL's queue of this thread that says most: the first of TLS, or else the first.
///
/// A bad signature, for example, leaves errors of the arithmetic first.
struct OpenSSLFailure {
    let library: Int32
    let reason: Int32
    let message: String

    /// Takes it, and empties the queue; nil if that was empty.
    static func take() -> OpenSSLFailure? {
        var first: UInt?
        while true {
            let code = ERR_get_error()
            guard code != 0 else { return first.map(OpenSSLFailure.init) }
            if libraryOf(code) == ERR_LIB_SSL {
                ERR_clear_error()
                return OpenSSLFailure(code)
            }
            first = first ?? code
        }
    }

    init(_ code: UInt) {
        library = OpenSSLFailure.libraryOf(code)
        // As ERR_GET_REASON, which is an inline function of C.
        reason = Int32(library == ERR_LIB_SYS ? code & 0x7FFF_FFFF : code & 0x7F_FFFF)
        message = unsafe ERR_reason_error_string(code).map { unsafe String(cString: $0) } ?? "error \(code)"
    }

    /// As ERR_GET_LIB.
    private static func libraryOf(_ code: UInt) -> Int32 {
        code & 0x8000_0000 != 0 ? ERR_LIB_SYS : Int32((code >> 23) & 0xFF)
    }

    /// Empties the queue, which almost always is empty: to ask takes 206 instructions, to clear it 838.
    static func clearQueue() {
        if ERR_peek_error() != 0 { ERR_clear_error() }
    }

    /// The message of that error, or a text if there is none; the queue is emptied.
    static func takeMessage(or text: String) -> String { take()?.message ?? text }

    /// The alert that the peer sent, if that was the failure.
    var alertReceived: TLSAlert? {
        guard library == ERR_LIB_SSL, (1000..<1256).contains(reason) else { return nil }
        return TLSAlert(rawValue: UInt8(truncatingIfNeeded: reason - 1000))
    }
}
