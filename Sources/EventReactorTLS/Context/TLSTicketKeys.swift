import COpenSSL
import EventReactorCore

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// The keys by which a server encrypts session tickets: the newest for new ones, the older ones for those that are
/// still about.
///
/// Without keys of the program's a server context has its own: it makes a new one each hour, and accepts tickets of the
/// last two hours. Servers that are to resume each other's sessions, in other processes or after a handover, share keys
/// by ``export()`` and ``init(exported:)``, and rotate them by ``rotate()`` or ``add(_:)``.
///
/// A key decrypts the connections that were resumed with its tickets by TLS 1.2: keep them as private keys
/// are kept, and not for long.
public final class TLSTicketKeys: Sendable {
    /// A key: 16 bytes of name, 32 to encrypt and 32 to authenticate.
    public struct Key: Hashable, Sendable {
        /// The length of a key in bytes.
        public static let byteCount = 80

        /// The bytes; secret.
        public let bytes: [UInt8]

        /// A new key, of the system's random numbers.
        public init() {
            var made = [UInt8](repeating: 0, count: Key.byteCount)
            // It fails only if there is no entropy at all; then no key could be made for anything.
            guard unsafe RAND_priv_bytes(&made, Int32(Key.byteCount)) == 1 else { fatalError("no random numbers") }
            bytes = made
        }

        /// A key of given bytes.
        ///
        /// - Throws: ``TLSError/badSetting(_:)`` if it does not have ``byteCount`` bytes.
        public init(bytes: [UInt8]) throws(TLSError) {
            guard bytes.count == Key.byteCount else {
                throw .badSetting("a ticket key has \(Key.byteCount) bytes, not \(bytes.count)")
            }
            self.bytes = bytes
        }

        var name: ArraySlice<UInt8> { bytes[..<16] }
        var encryption: ArraySlice<UInt8> { bytes[16..<48] }
        var authentication: ArraySlice<UInt8> { bytes[48...] }
    }

    /// The most keys that are kept.
    public static let limit = 3

    private let keys: Locked<[Key]>

    /// A key of its own.
    public convenience init() {
        self.init(keys: [Key()])
    }

    /// Given keys, the newest first; a new one if there are none, and the first ``limit`` of more.
    public init(keys: [Key]) {
        self.keys = Locked(keys.isEmpty ? [Key()] : Array(keys.prefix(TLSTicketKeys.limit)))
    }

    /// The keys that another one exported.
    ///
    /// - Throws: ``TLSError/badSetting(_:)`` if the bytes are no keys.
    public convenience init(exported bytes: [UInt8]) throws(TLSError) {
        guard !bytes.isEmpty, bytes.count.isMultiple(of: Key.byteCount) else {
            throw .badSetting("exported ticket keys have a multiple of \(Key.byteCount) bytes, not \(bytes.count)")
        }
        var keys: [Key] = []
        for start in stride(from: 0, to: bytes.count, by: Key.byteCount) {
            keys.append(try Key(bytes: Array(bytes[start..<start + Key.byteCount])))
        }
        self.init(keys: keys)
    }

    /// The keys as bytes, the newest first; secret.
    public func export() -> [UInt8] { current.flatMap(\.bytes) }

    /// The keys, the newest first.
    public var current: [Key] { keys.withLock { $0 } }

    /// Makes a new key for new tickets; the oldest beyond ``limit`` is forgotten.
    public func rotate() {
        add(Key())
    }

    /// Adds a key for new tickets, of another server for example.
    public func add(_ key: Key) {
        keys.withLock { keys in
            keys.removeAll { $0 == key }
            keys.insert(key, at: 0)
            if keys.count > TLSTicketKeys.limit { keys.removeLast() }
        }
    }

    // MARK: Called by OpenSSL

    /// Sets up ciphers for a ticket to make or to read, as `SSL_CTX_set_tlsext_ticket_key_evp_cb` has it.
    func setUp(
        name: UnsafeMutablePointer<UInt8>, iv: UnsafeMutablePointer<UInt8>, cipher: OpaquePointer, mac: OpaquePointer,
        makes: Bool, isOfTLS13: Bool
    ) -> Int32 {
        let keys = current
        let method = unsafe EVP_aes_256_cbc()
        if makes {
            guard let key = keys.first, unsafe RAND_bytes(iv, EVP_CIPHER_get_iv_length(method)) == 1 else { return -1 }
            for (index, byte) in key.name.enumerated() { unsafe name[index] = byte }
            let isSet = unsafe EVP_EncryptInit_ex(cipher, method, nil, Array(key.encryption), iv) == 1
            guard isSet, unsafe setUp(mac, key) else { return -1 }
            return 1
        }
        let wanted = unsafe UnsafeBufferPointer(start: name, count: 16)
        guard let index = keys.firstIndex(where: { unsafe $0.name.elementsEqual(wanted) }) else { return 0 }
        let key = keys[index]
        let isSet = unsafe EVP_DecryptInit_ex(cipher, method, nil, Array(key.encryption), iv) == 1
        guard isSet, unsafe setUp(mac, key) else { return -1 }
        // 2 gives the client a new ticket: for one of an older key, and always in TLS 1.3, whose tickets serve once.
        return index == 0 && !isOfTLS13 ? 1 : 2
    }

    private func setUp(_ mac: OpaquePointer, _ key: Key) -> Bool {
        unsafe openssl_set_ticket_hmac(mac, Array(key.authentication), key.authentication.count) == 1
    }
}
