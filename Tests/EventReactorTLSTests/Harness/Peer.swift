import COpenSSL
import EventReactorTLS
import EventReactorTesting
import TestSupport

/// OpenSSL itself as the peer of a protocol under test: its records are in the hands of the test.
@safe
final class Peer {
    let transport: TestTransport
    let end: Recorder
    let ssl: OpaquePointer
    private let context: OpaquePointer
    private let input: OpaquePointer
    private let output: OpaquePointer

    /// The peer of a server.
    ///
    /// - Parameters:
    ///   - server: the context of the server under test.
    ///   - version: the peer's only version; nil for all.
    init(of server: TLSServerContext, end: Recorder = .echo(), version: Int32? = nil) {
        self.end = end
        transport = TestTransport(for: server.secured(end))
        unsafe context = SSL_CTX_new(TLS_client_method())
        unsafe SSL_CTX_set_verify(context, SSL_VERIFY_NONE, nil)
        if let version {
            _ = unsafe SSL_CTX_ctrl(context, SSL_CTRL_SET_MIN_PROTO_VERSION, Int(version), nil)
            _ = unsafe SSL_CTX_ctrl(context, SSL_CTRL_SET_MAX_PROTO_VERSION, Int(version), nil)
        }
        unsafe ssl = SSL_new(context)
        unsafe SSL_set_connect_state(ssl)
        unsafe input = BIO_new(BIO_s_mem())
        unsafe output = BIO_new(BIO_s_mem())
        unsafe SSL_set_bio(ssl, input, output)
    }

    deinit {
        unsafe SSL_free(ssl)
        unsafe SSL_CTX_free(context)
    }

    /// The ciphertext that waits to be sent.
    func takeOutput() -> [UInt8] {
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 64 * 1024)
        while true {
            let count = unsafe BIO_read(output, &piece, Int32(piece.count))
            guard count > 0 else { return bytes }
            bytes += piece[..<Int(count)]
        }
    }

    /// Gives ciphertext to the peer.
    func give(_ bytes: [UInt8]) {
        unsafe BIO_write(input, bytes, Int32(bytes.count))
    }

    /// Goes on with the handshake, with what the server wrote; returns what to send.
    func step() -> [UInt8] {
        give(transport.takeWritten())
        unsafe SSL_do_handshake(ssl)
        return takeOutput()
    }

    /// Completes the handshake, by pieces of a size; 0 is all at once.
    func shakeHands(pieces size: Int = 0) {
        while unsafe SSL_is_init_finished(ssl) == 0 {
            let bytes = step()
            guard !bytes.isEmpty else { return }
            send(bytes, pieces: size)
        }
    }

    /// Sends ciphertext to the server.
    func send(_ bytes: [UInt8], pieces size: Int = 0) {
        guard size > 0 else { return transport.receive(bytes) }
        for start in stride(from: 0, to: bytes.count, by: size) {
            transport.receive(Array(bytes[start..<min(bytes.count, start + size)]))
        }
    }

    /// Encrypts plaintext.
    func encrypt(_ bytes: [UInt8]) -> [UInt8] {
        unsafe SSL_write(ssl, bytes, Int32(bytes.count))
        return takeOutput()
    }

    func encrypt(_ text: String) -> [UInt8] { encrypt(Array(text.utf8)) }

    /// Decrypts what the server wrote.
    func decrypt() -> [UInt8] {
        give(transport.takeWritten())
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 64 * 1024)
        while true {
            let count = unsafe SSL_read(ssl, &piece, Int32(piece.count))
            guard count > 0 else { return bytes }
            bytes += piece[..<Int(count)]
        }
    }

    func decryptText() -> String { String(decoding: decrypt(), as: UTF8.self) }

    /// The end by `close_notify`, as ciphertext.
    func closeNotify() -> [UInt8] {
        unsafe SSL_shutdown(ssl)
        return takeOutput()
    }

    /// The alert that the server's bytes brought; nil if none.
    func alert() -> Int32? {
        ERR_clear_error()
        give(transport.takeWritten())
        var byte: UInt8 = 0
        guard unsafe SSL_read(ssl, &byte, 1) <= 0 else { return nil }
        let reason = Int32(ERR_get_error() & 0x7F_FFFF)
        return (1000..<1256).contains(reason) ? reason - 1000 : nil
    }
}
