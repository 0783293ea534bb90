import COpenSSL

/// Bytes in memory, as OpenSSL's readers of files want them.
enum MemoryBIO {
    /// Calls a closure with a BIO that reads the bytes.
    static func reading<Result>(_ bytes: [UInt8], _ body: (OpaquePointer) -> Result) -> Result? {
        unsafe bytes.withUnsafeBytes { bytes -> Result? in
            let count = Int32(clamping: bytes.count)
            guard let bio = unsafe BIO_new_mem_buf(bytes.baseAddress ?? UnsafeRawPointer(bitPattern: 1), count) else {
                return nil
            }
            defer { unsafe BIO_free(bio) }
            return unsafe body(bio)
        }
    }

    /// Contents of a BIO of memory, as UTF-8.
    static func contents(of bio: OpaquePointer) -> String {
        var text: [UInt8] = []
        unsafe withUnsafeTemporaryAllocation(byteCount: 256, alignment: 1) { buffer in
            while true {
                let count = Int(unsafe BIO_read(bio, buffer.baseAddress, Int32(buffer.count)))
                guard count > 0 else { return }
                unsafe text.append(contentsOf: buffer[..<count])
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}
