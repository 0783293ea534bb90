import NIOCore

/// Cuts the stream into lines, as ByteToMessageDecoder's documentation does.
public struct LineDecoder: ByteToMessageDecoder {
    /// A line with its newline.
    public typealias InboundOut = ByteBuffer

    /// A decoder with nothing read.
    public init() {}

    /// Passes on the next line, if there is one.
    public mutating func decode(context: ChannelHandlerContext, buffer: inout ByteBuffer) -> DecodingState {
        guard let end = buffer.readableBytesView.firstIndex(of: UInt8(ascii: "\n")),
            let line = buffer.readSlice(length: end - buffer.readableBytesView.startIndex + 1)
        else { return .needMoreData }
        context.fireChannelRead(Self.wrapInboundOut(line))
        return .continue
    }
}
