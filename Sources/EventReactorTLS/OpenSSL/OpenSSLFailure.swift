import COpenSSL

/// The first error in OpenSSL's queue of this thread, which is the cause of the others.
struct OpenSSLFailure {
    let library: Int32
    let reason: Int32
    let message: String

    /// Takes the queue's first error, and empties the queue; nil if there was none.
    static func take() -> OpenSSLFailure? {
        let code = ERR_get_error()
        ERR_clear_error()
        guard code != 0 else { return nil }
        let text = unsafe ERR_reason_error_string(code).map { unsafe String(cString: $0) }
        // As ERR_GET_LIB and ERR_GET_REASON, which are inline functions of C.
        let isSystem = code & 0x8000_0000 != 0
        return OpenSSLFailure(
            library: isSystem ? ERR_LIB_SYS : Int32((code >> 23) & 0xFF),
            reason: isSystem ? Int32(code & 0x7FFF_FFFF) : Int32(code & 0x7F_FFFF),
            message: text ?? "error \(code)")
    }

    /// The message of the first error in the queue, which is emptied; or a text if there is none.
    static func takeMessage(or text: String) -> String { take()?.message ?? text }

    /// The alert that the peer sent, if that was the failure.
    var alertReceived: TLSAlert? {
        guard library == ERR_LIB_SSL, (1000..<1256).contains(reason) else { return nil }
        return TLSAlert(rawValue: UInt8(truncatingIfNeeded: reason - 1000))
    }
}
