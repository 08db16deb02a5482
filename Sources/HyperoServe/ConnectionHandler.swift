import NIOCore
import NIOHTTP1

/// One connection: reads requests one after the other, and writes their responses.
///
/// The pipeline before it hands over one request at a time. A connection ends if a head or the reading of a response takes too long.
final class ConnectionHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let site: Site
    private let access: WebAccess
    private let limits: WebLimits
    private let limiter: HeadLimiter
    /// The head of the present request; nil between two requests.
    private var head: HTTPRequestHead?
    private var stream: EventStream?
    private var deadline: Scheduled<Void>?

    init(_ site: Site, _ access: WebAccess, _ limits: WebLimits, _ limiter: HeadLimiter) {
        self.site = site
        self.access = access
        self.limits = limits
        self.limiter = limiter
    }

    func channelActive(context: ChannelHandlerContext) {
        close(context, after: limits.headSeconds)
    }

    func channelInactive(context: ChannelHandlerContext) {
        deadline?.cancel()
        stream?.leave()
        stream = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): self.head = head
        case .body: break
        case .end:
            limiter.restart()
            guard let head, stream == nil else { return }
            deadline?.cancel()
            respond(to: head, context)
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        stream?.send()
        context.fireChannelWritabilityChanged()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // The pipeline has answered a malformed request.
        context.close(promise: nil)
    }

    private func close(_ context: ChannelHandlerContext, after seconds: Int64) {
        deadline?.cancel()
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        deadline = context.eventLoop.scheduleTask(in: .seconds(seconds)) { bound.value.close(promise: nil) }
    }

    // MARK: - Responses

    private func respond(to head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        do throws(WebResponse) {
            let request = try WebRequest(head)
            let route = try WebRoute(request)
            try access.check(request, for: route)
            if case .events(let key, let after) = route, head.method == .GET {
                try beginStream(of: key, after: after, head, context)
                return
            }
            if case .events = route {
                throw WebResponse(.ok, body: ByteBuffer(), type: "text/event-stream")
            }
            let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
            site.answer(request, for: route).whenSuccess { response in
                let (handler, context) = bound.value
                handler.write(response, to: head, context)
            }
        } catch {
            write(error, to: head, context)
        }
    }

    private func write(_ response: WebResponse, to head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        guard context.channel.isActive else { return }
        let isKept = head.isKeepAlive && ![.methodNotAllowed, .payloadTooLarge].contains(response.status)
        context.write(
            wrapOutboundOut(.head(response.head(version: head.version, isKeptAlive: isKept))), promise: nil)
        if head.method != .HEAD, response.body.readableBytes > 0 {
            context.write(wrapOutboundOut(.body(.byteBuffer(response.body))), promise: nil)
        }
        self.head = nil
        close(context, after: limits.responseSeconds)
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        context.writeAndFlush(wrapOutboundOut(.end(nil))).whenComplete { _ in
            let (handler, context) = bound.value
            guard isKept else {
                context.close(promise: nil)
                return
            }
            // The next request may have come already.
            if handler.head == nil { handler.close(context, after: handler.limits.headSeconds) }
        }
    }

    private func beginStream(
        of key: BatteryKey, after: String?, _ head: HTTPRequestHead, _ context: ChannelHandlerContext
    ) throws(WebResponse) {
        let opening = try site.openStream(of: key, after: after, on: context.channel)
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        opening.whenComplete { result in
            let (handler, context) = bound.value
            guard context.channel.isActive else { return }
            switch result {
            case .success(let stream): handler.begin(stream, head, context)
            case .failure(let error): handler.write(Site.response(to: error), to: head, context)
            }
        }
    }

    private func begin(_ stream: EventStream, _ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        var fields = HTTPHeaders(WebResponse.commonHeaders)
        fields.add(name: "Content-Type", value: "text/event-stream")
        // nginx would hold the events back.
        fields.add(name: "X-Accel-Buffering", value: "no")
        context.write(
            wrapOutboundOut(.head(HTTPResponseHead(version: head.version, status: .ok, headers: fields))), promise: nil)
        let retry = ByteBuffer(string: "retry: 2000\n\n")
        context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(retry))), promise: nil)
        self.stream = stream
        stream.begin()
    }
}
