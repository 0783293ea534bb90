import COpenSSL

/// Certificates and keys as text.
enum PEM {
    /// All certificates of a text; other parts of it are skipped.
    static func certificates(_ bytes: [UInt8]) throws(TLSError) -> [Certificate] {
        ERR_clear_error()
        var found: [Certificate] = []
        _ = unsafe MemoryBIO.reading(bytes) { bio in
            while let certificate = unsafe PEM_read_bio_X509_AUX(
                bio, nil, { unsafe PEM.noPassphrase($0, $1, $2, $3) }, nil)
            {
                found.append(unsafe Certificate(taking: certificate))
            }
        }
        // The end of the text is an error too.
        let last = ERR_peek_last_error()
        let failure = OpenSSLFailure(last)
        let isEnd = failure.library == ERR_LIB_PEM && failure.reason == PEM_R_NO_START_LINE
        guard last == 0 || isEnd else {
            throw .badIdentity(
                "certificate \(found.count + 1) of the PEM text cannot be read: "
                    + OpenSSLFailure.takeMessage(or: "unknown error"))
        }
        ERR_clear_error()
        return found
    }

    /// The first private key of a text, retained for the caller.
    static func privateKey(_ bytes: [UInt8], passphrase: String?) throws(TLSError) -> OpaquePointer {
        ERR_clear_error()
        var phrase = passphrase.map { Array($0.utf8) }
        let key =
            unsafe MemoryBIO.reading(bytes) { bio in
                unsafe withUnsafeMutablePointer(to: &phrase) { phrase in
                    unsafe PEM_read_bio_PrivateKey(bio, nil, { unsafe PEM.passphrase($0, $1, $2, $3) }, phrase)
                }
            } ?? nil
        if let key = unsafe key { return unsafe key }
        let message = OpenSSLFailure.takeMessage(or: "unknown error")
        throw .badIdentity(
            passphrase == nil && isEncrypted(bytes)
                ? "the key is encrypted, and no passphrase was given" : "the key cannot be read: \(message)")
    }

    private static func isEncrypted(_ bytes: [UInt8]) -> Bool {
        let text = String(decoding: bytes, as: UTF8.self)
        return text.contains("ENCRYPTED")
    }

    // Without a callback OpenSSL would prompt on the terminal.
    private static func noPassphrase(
        _: UnsafeMutablePointer<CChar>?, _: Int32, _: Int32, _: UnsafeMutableRawPointer?
    ) -> Int32 { -1 }

    private static func passphrase(
        _ buffer: UnsafeMutablePointer<CChar>?, _ capacity: Int32, _: Int32, _ data: UnsafeMutableRawPointer?
    ) -> Int32 {
        guard let phrase = unsafe data?.assumingMemoryBound(to: [UInt8]?.self).pointee,
            let buffer = unsafe buffer, phrase.count <= Int(capacity)
        else { return -1 }
        unsafe phrase.withUnsafeBytes {
            unsafe UnsafeMutableRawBufferPointer(start: buffer, count: $0.count).copyMemory(from: $0)
        }
        return Int32(phrase.count)
    }
}
