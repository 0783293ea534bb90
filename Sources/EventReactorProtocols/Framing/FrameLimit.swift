/// The settings of limits, as errors name them.
enum FrameLimit: String, Sendable {
    case lineFramer = "LineFramer.limit"
    case lineReceiver = "LineReceiver.limit"
    case delimiterReceiver = "DelimiterReceiver.limit"
    case lengthPrefixedFramer = "LengthPrefixedFramer.limit"
    case lengthPrefixedReceiver = "LengthPrefixedReceiver.limit"
    case netstringFramer = "NetstringFramer.limit"
    case netstringReceiver = "NetstringReceiver.limit"
    case line = "Framing.line(limit:)"
    case until = "Framing.until(limit:)"
    case lengthPrefixed = "Framing.lengthPrefixed(limit:)"
    case netstring = "Framing.netstring(limit:)"
}
