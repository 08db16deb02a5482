import NIOCore

/// Ends a connection whose request head is too long, before the parser keeps it.
final class HeadLimiter: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let limit: Int
    private var count = 0

    init(limit: Int) { self.limit = limit }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard count <= limit else { return }
        count += unwrapInboundIn(data).readableBytes
        guard count > limit else {
            context.fireChannelRead(data)
            return
        }
        let text = "HTTP/1.1 431 Request Header Fields Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        context.writeAndFlush(NIOAny(ByteBuffer(string: text)), promise: nil)
        context.close(promise: nil)
    }

    /// Begins the count of the next request.
    func restart() { if count <= limit { count = 0 } }
}
