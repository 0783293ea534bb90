import COpenSSL
import EventReactorCore

/// Data of a context's callbacks, retained by OpenSSL's context, which its connections retain.
final class ContextCallbacks: Sendable {
    /// The protocols of ALPN, each after a byte with its length.
    let applicationProtocols: [UInt8]
    let refusesUnknownProtocols: Bool
    let identityForServerName: (@Sendable (String) -> TLSIdentity?)?
    let ticketKeys: RotatingTicketKeys?
    let stapledResponse: [UInt8]?
    let sessionScope: SessionScope?
    let keyLog: (@Sendable (String) -> Void)?

    init(
        applicationProtocols: [String], refusesUnknownProtocols: Bool = false,
        identityForServerName: (@Sendable (String) -> TLSIdentity?)? = nil, ticketKeys: RotatingTicketKeys? = nil,
        stapledResponse: [UInt8]? = nil, sessionScope: SessionScope? = nil, keyLog: (@Sendable (String) -> Void)?
    ) throws(TLSError) {
        var wire: [UInt8] = []
        for name in applicationProtocols {
            guard (1...255).contains(name.utf8.count) else {
                throw .badSetting("an application protocol has 1 to 255 bytes, not \(name.utf8.count)")
            }
            wire.append(UInt8(name.utf8.count))
            wire += name.utf8
        }
        guard wire.count <= 65_535 else { throw .badSetting("the application protocols are too many") }
        self.applicationProtocols = wire
        self.refusesUnknownProtocols = refusesUnknownProtocols
        self.identityForServerName = identityForServerName
        self.ticketKeys = ticketKeys
        self.stapledResponse = stapledResponse
        self.sessionScope = sessionScope
        self.keyLog = keyLog
    }

    // MARK: Finding it

    /// The index under which contexts have it; OpenSSL releases it with the context.
    private static let index: Int32 = unsafe CRYPTO_get_ex_new_index(
        CRYPTO_EX_INDEX_SSL_CTX, 0, nil, nil, nil,
        { _, data, _, _, _, _ in
            if let data = unsafe data { unsafe Unmanaged<ContextCallbacks>.fromOpaque(data).release() }
        })

    static func attach(_ callbacks: ContextCallbacks, to context: OpaquePointer) {
        unsafe SSL_CTX_set_ex_data(context, index, Unmanaged.passRetained(callbacks).toOpaque())
    }

    static func of(_ ssl: OpaquePointer?) -> ContextCallbacks? {
        guard let context = unsafe SSL_get_SSL_CTX(ssl), let data = unsafe SSL_CTX_get_ex_data(context, index) else {
            return nil
        }
        return unsafe Unmanaged<ContextCallbacks>.fromOpaque(data).takeUnretainedValue()
    }

    // MARK: A server's callbacks

    private typealias ServerNameCallback =
        @convention(c) (
            OpaquePointer?, UnsafeMutablePointer<Int32>?, UnsafeMutableRawPointer?
        ) -> Int32

    /// Has a server's context call them.
    func setUp(_ context: OpaquePointer) {
        unsafe SSL_CTX_set_client_hello_cb(
            context,
            { ssl, _, _ in
                unsafe ContextCallbacks.of(ssl)?.sessionScope?.apply(to: ssl)
                return SSL_CLIENT_HELLO_SUCCESS
            }, nil)
        // Also without a choice: it has OpenSSL note the name in the session.
        let callback: ServerNameCallback = { ssl, _, _ in
            unsafe ContextCallbacks.of(ssl)?.chooseIdentity(for: ssl) ?? SSL_TLSEXT_ERR_OK
        }
        _ = unsafe SSL_CTX_callback_ctrl(
            context, SSL_CTRL_SET_TLSEXT_SERVERNAME_CB,
            unsafeBitCast(callback, to: (@convention(c) () -> Void).self))
        if !applicationProtocols.isEmpty {
            unsafe SSL_CTX_set_alpn_select_cb(
                context,
                { ssl, chosen, count, offered, offeredCount, _ in
                    guard let callbacks = unsafe ContextCallbacks.of(ssl) else { return SSL_TLSEXT_ERR_NOACK }
                    return unsafe callbacks.chooseProtocol(chosen, count, offered, offeredCount)
                }, nil)
        }
        if ticketKeys != nil {
            unsafe SSL_CTX_set_tlsext_ticket_key_evp_cb(context) { ssl, name, iv, cipher, mac, makes in
                guard let keys = unsafe ContextCallbacks.of(ssl)?.ticketKeys, let name = unsafe name,
                    let iv = unsafe iv, let cipher = unsafe cipher, let mac = unsafe mac
                else { return -1 }
                return unsafe keys.current.setUp(
                    name: name, iv: iv, cipher: cipher, mac: mac, makes: makes == 1,
                    isOfTLS13: SSL_version(ssl) == TLS1_3_VERSION)
            }
        }
        if stapledResponse != nil {
            let callback: @convention(c) (OpaquePointer?, UnsafeMutableRawPointer?) -> Int32 = { ssl, _ in
                unsafe ContextCallbacks.of(ssl)?.staple(to: ssl) ?? SSL_TLSEXT_ERR_NOACK
            }
            _ = unsafe SSL_CTX_callback_ctrl(
                context, SSL_CTRL_SET_TLSEXT_STATUS_REQ_CB,
                unsafeBitCast(callback, to: (@convention(c) () -> Void).self))
        }
    }

    private func chooseIdentity(for ssl: OpaquePointer?) -> Int32 {
        guard let ssl = unsafe ssl, let name = unsafe SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name),
            let identity = identityForServerName?(unsafe String(cString: name).lowercased())
        else { return SSL_TLSEXT_ERR_OK }
        return unsafe identity.use(for: ssl) ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL
    }

    private func chooseProtocol(
        _ chosen: UnsafeMutablePointer<UnsafePointer<UInt8>?>?, _ count: UnsafeMutablePointer<UInt8>?,
        _ offered: UnsafePointer<UInt8>?, _ offeredCount: UInt32
    ) -> Int32 {
        // Our list first: by our preference. What is chosen points into the client's message.
        let offer = unsafe UnsafeBufferPointer(start: offered, count: Int(offeredCount))
        var own = applicationProtocols[...]
        while let length = own.popFirst() {
            let name = own.prefix(Int(length))
            own = own.dropFirst(Int(length))
            var at = 0
            while at < offer.count {
                let length = unsafe Int(offer[at])
                guard at + 1 + length <= offer.count else { return SSL_TLSEXT_ERR_ALERT_FATAL }
                let theirs = unsafe UnsafeBufferPointer(rebasing: offer[(at + 1)..<(at + 1 + length)])
                if unsafe theirs.elementsEqual(name) {
                    unsafe chosen?.pointee = theirs.baseAddress
                    unsafe count?.pointee = UInt8(length)
                    return SSL_TLSEXT_ERR_OK
                }
                at += 1 + length
            }
        }
        return refusesUnknownProtocols ? SSL_TLSEXT_ERR_ALERT_FATAL : SSL_TLSEXT_ERR_NOACK
    }

    private func staple(to ssl: OpaquePointer?) -> Int32 {
        guard let response = stapledResponse, !response.isEmpty,
            let copy = unsafe CRYPTO_malloc(response.count, nil, 0)
        else { return SSL_TLSEXT_ERR_NOACK }
        unsafe response.withUnsafeBytes { unsafe copy.copyMemory(from: $0.baseAddress!, byteCount: $0.count) }
        // OpenSSL frees the copy.
        _ = unsafe SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_STATUS_REQ_OCSP_RESP, response.count, copy)
        return SSL_TLSEXT_ERR_OK
    }
}
