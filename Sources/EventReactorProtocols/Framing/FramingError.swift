import EventReactorCore

/// Bytes that are not what a framing allows.
///
/// It is the reason of the loss, in ``ConnectionLostReason/failed(_:)``, unless a receiver handles it itself.
public enum FramingError: Error, Hashable, Sendable {
    /// A frame is longer than its limit.
    ///
    /// - Parameters:
    ///   - byteCount: of the content: what the peer announced, or what had arrived when it was noticed.
    ///   - limit: the most, in bytes.
    ///   - setting: the parameter that sets the limit.
    case tooLong(byteCount: Int, limit: Int, setting: String)
    /// A frame does not have the form that it has to have.
    case malformed(String)
    /// The peer ended its side in the middle of a frame, of which so many bytes were kept; 0 if it came in parts.
    case endInFrame(byteCount: Int)
    /// A line or frame to be sent contains its own delimiter.
    case containsDelimiter
}

extension FramingError: CustomStringConvertible {
    /// The fault, and the setting that allows more.
    public var description: String {
        switch self {
        case .tooLong(let byteCount, let limit, let setting):
            "a frame of \(byteCount) bytes is longer than \(setting), \(limit) bytes"
        case .malformed(let what): what
        case .endInFrame(0): "the peer ended its side before the last part of a frame"
        case .endInFrame(let byteCount): "the peer ended its side \(byteCount) bytes into a frame"
        case .containsDelimiter: "a frame to be sent contains its delimiter"
        }
    }
}
