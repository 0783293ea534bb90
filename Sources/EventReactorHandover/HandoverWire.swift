import CEventReactorShims
package import EventReactorCore
import Glibc

/// The messages at a handover socket; Documentation/Handover.md describes them.
package enum HandoverWire {
    package static let request = "handover 1 take"
    static let more = "more"
    static let ready = "ready"
    static let yours = "yours"
    /// The name of the handover's own socket; no port has a name that begins with `@`.
    static let ownName = "@handover"

    /// The largest length of a line in bytes; a name has 255.
    static let lineLimit = 256
    /// The largest size of a batch in bytes: it fits into any socket's empty buffer.
    static let batchLimit = 16 * 1024
    /// The largest number of descriptors of a handover.
    static let socketLimit = 65_535

    static func isName(_ name: String) -> Bool {
        1...255 ~= name.utf8.count && !name.hasPrefix("@")
            && name.utf8.allSatisfy { 0x20...0x7E ~= $0 && $0 != UInt8(ascii: ":") }
    }

    // MARK: Errors

    static func line(for error: HandoverError) -> String {
        switch error {
        case .busy: "error busy"
        case .withdrawn: "error withdrawn"
        case .untrusted: "error refused"
        case .malformed: "error malformed"
        default: "error failed"
        }
    }

    static func error(in line: String) -> HandoverError? {
        let words = line.split(separator: " ")
        guard words.first == "error" else { return nil }
        return switch words.dropFirst().first {
        case "busy": .busy
        case "withdrawn": .withdrawn
        case "refused": .refused
        default: .malformed(line)
        }
    }

    // MARK: Batches

    /// Sockets by name, cut into batches that one message each can carry.
    static func batches<Socket>(_ sockets: [(name: String, socket: Socket)]) -> [[(name: String, socket: Socket)]] {
        var batches: [[(name: String, socket: Socket)]] = []
        var size = batchLimit
        for entry in sockets {
            size += entry.name.utf8.count + 1
            if size > batchLimit - 32 || batches.last?.count == Int(ER_DESCRIPTORS_PER_MESSAGE) {
                batches.append([])
                size = entry.name.utf8.count + 1
            }
            batches[batches.count - 1].append(entry)
        }
        return batches
    }

    /// The text of a batch.
    ///
    /// - Parameter left: the number of sockets that follow it.
    static func text(of names: [String], left: Int) -> String {
        "sockets \(names.count) \(left)\n" + names.map { $0 + "\n" }.joined()
    }

    /// Sends a batch with its descriptors: all of it, or an error.
    package static func send(_ text: String, _ descriptors: [Int32], to socket: Int32) -> SystemError? {
        let bytes = [UInt8](text.utf8)
        let sent = unsafe bytes.withUnsafeBytes { bytes in
            unsafe descriptors.withUnsafeBufferPointer { descriptors in
                unsafe er_send_descriptors(
                    socket, bytes.baseAddress, UInt64(bytes.count), descriptors.baseAddress, Int32(descriptors.count))
            }
        }
        if sent == bytes.count { return nil }
        return SystemError(code: sent < 0 ? errno : EMSGSIZE, operation: "sendmsg", address: nil)
    }

    /// The user of the process at the other end if it is not trusted; `nil` if it is.
    static func untrustedUser(at socket: Int32) throws(HandoverError) -> UInt32? {
        var user: UInt32 = 0
        guard unsafe er_peer_user(socket, &user) == 0 else {
            throw .system(SystemError(code: errno, operation: "getsockopt SO_PEERCRED", address: nil))
        }
        return user == 0 || user == geteuid() ? nil : user
    }
}
