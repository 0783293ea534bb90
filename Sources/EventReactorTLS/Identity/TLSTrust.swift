import COpenSSL
import EventReactorCore

/// The certificate authorities that an end trusts.
///
/// ```swift
/// TLSTrust.system
/// TLSTrust.files(["internal-root.pem"])
/// TLSTrust.system.adding(files: ["internal-root.pem"])
/// ```
public struct TLSTrust: Hashable, Sendable {
    /// Whether the system's authorities are trusted.
    public var usesSystem: Bool
    /// Paths of files with certificates in PEM format.
    public var files: [String]
    /// Paths of directories with a file for each certificate, named by hash as `openssl rehash` does.
    public var directories: [String]
    /// Texts with certificates in PEM format.
    public var pem: [[UInt8]]

    /// Makes a set of authorities; none unless given.
    public init(
        usesSystem: Bool = false, files: [String] = [], directories: [String] = [], pem: [[UInt8]] = []
    ) {
        self.usesSystem = usesSystem
        self.files = files
        self.directories = directories
        self.pem = pem
    }

    /// The authorities that the system trusts: those of OpenSSL's default directory and file.
    public static let system = TLSTrust(usesSystem: true)

    /// The authorities in files in PEM format, and no others.
    public static func files(_ paths: [String]) -> TLSTrust { TLSTrust(files: paths) }

    /// The authorities in directories named by hash, and no others.
    public static func directories(_ paths: [String]) -> TLSTrust { TLSTrust(directories: paths) }

    /// The authorities in a text in PEM format, and no others.
    public static func pem(_ bytes: [UInt8]) -> TLSTrust { TLSTrust(pem: [bytes]) }

    /// The same with more authorities.
    public func adding(files: [String] = [], directories: [String] = [], pem: [[UInt8]] = []) -> TLSTrust {
        TLSTrust(
            usesSystem: usesSystem, files: self.files + files, directories: self.directories + directories,
            pem: self.pem + pem)
    }

    /// Has a context trust them.
    ///
    /// - Parameter announcing: whether a server names those of files and texts to its clients, which choose their
    ///   certificates by them.
    func load(into context: OpaquePointer, announcing: Bool = false) throws(TLSError) {
        guard let store = unsafe SSL_CTX_get_cert_store(context) else { throw .badTrust("there is no store") }
        // An intermediate or a leaf that is trusted explicitly ends a chain: OpenSSL's flag for it.
        unsafe X509_STORE_set_flags(store, UInt(X509_V_FLAG_PARTIAL_CHAIN) | UInt(X509_V_FLAG_TRUSTED_FIRST))
        ERR_clear_error()
        if usesSystem, unsafe SSL_CTX_set_default_verify_paths(context) != 1 {
            throw .badTrust("the system's: \(OpenSSLFailure.takeMessage(or: "unknown error"))")
        }
        for path in directories {
            guard unsafe X509_STORE_load_path(store, path) == 1 else {
                throw .badTrust("\(path): \(OpenSSLFailure.takeMessage(or: "unknown error"))")
            }
        }
        var loaded: [Certificate] = []
        for path in files {
            switch FileBytes.contents(of: path) {
            case .success(let bytes): loaded += try unsafe TLSTrust.add(bytes, to: store, from: path)
            case .failure(let error): throw .badTrust(error.message)
            }
        }
        for bytes in pem { loaded += try unsafe TLSTrust.add(bytes, to: store, from: "the PEM text") }
        guard announcing else { return }
        for certificate in loaded { unsafe SSL_CTX_add_client_CA(context, certificate.pointer) }
    }

    private static func add(
        _ bytes: [UInt8], to store: OpaquePointer, from origin: String
    ) throws(TLSError) -> [Certificate] {
        let certificates: [Certificate]
        do throws(TLSError) {
            certificates = try PEM.certificates(bytes)
        } catch {
            throw .badTrust("\(origin): \(error)")
        }
        guard !certificates.isEmpty else { throw .badTrust("\(origin): there is no certificate in it") }
        for certificate in certificates where unsafe X509_STORE_add_cert(store, certificate.pointer) != 1 {
            throw .badTrust("\(origin): \(OpenSSLFailure.takeMessage(or: "unknown error"))")
        }
        return certificates
    }
}
