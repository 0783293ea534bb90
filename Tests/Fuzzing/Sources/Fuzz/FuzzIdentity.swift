import CFuzzRandom

/// The certificate and key of both ends, which are the same in each run.
enum FuzzIdentity {
    /// In PEM format.
    static let text: [UInt8] = {
        fuzz_random_install()
        var text = [CChar](repeating: 0, count: 4096)
        let count = fuzz_make_identity(&text, text.count)
        precondition(count > 0, "OpenSSL makes no certificate")
        return text[..<count].map { UInt8(bitPattern: $0) }
    }()
}
