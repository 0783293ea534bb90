/// The settings that servers and clients have in common.
protocol CommonTLSSettings {
    var minimumVersion: TLSVersion { get }
    var maximumVersion: TLSVersion? { get }
    var cipherSuites: [TLSCipherSuite]? { get }
    var groups: [TLSGroup]? { get }
    var keyLog: (@Sendable (_ line: String) -> Void)? { get }
}

extension TLSServerSettings: CommonTLSSettings {}
extension TLSClientSettings: CommonTLSSettings {}
