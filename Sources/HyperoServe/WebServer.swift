import NIOCore
import NIOHTTP1
import NIOPosix

/// A server of the pages of a store: a list of all batteries, and a page of each that changes with it.
///
///     let server = try WebServer(options)
///     print(server.port)
///     server.stop()
///
/// One event loop owns all connections and all state. The threads of ``StorePool`` and of each ``LiveWatcher`` ask Redis, and hand their
/// results to the event loop.
package final class WebServer: Sendable {
    private let group: MultiThreadedEventLoopGroup
    private let channel: any Channel
    private let site: NIOLoopBound<Site>
    /// The port on which the server listens.
    package let port: Int

    /// Starts the server.
    ///
    /// - Throws: an error of the system, for example if the port is taken.
    package init(_ options: WebOptions) throws {
        group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let loop = group.next()
        do {
            site = try loop.submit { NIOLoopBound(Site(options, on: loop), eventLoop: loop) }.wait()
            let connections = try loop.submit { NIOLoopBoundBox(0, eventLoop: loop) }.wait()
            let access = try loop.submit { NIOLoopBoundBox<WebAccess?>(nil, eventLoop: loop) }.wait()
            let bootstrap = ServerBootstrap(group: group)
                .serverChannelOption(.backlog, value: 128)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .childChannelOption(.writeBufferWaterMark, value: .init(low: 64 << 10, high: 1 << 20))
                .childChannelInitializer { [site] channel in
                    channel.eventLoop.makeCompletedFuture {
                        guard let access = access.value, connections.value < options.limits.connections else {
                            throw ChannelError.operationUnsupported
                        }
                        connections.value += 1
                        channel.closeFuture.whenComplete { _ in connections.value -= 1 }
                        try Self.configure(channel, site.value, access, options.limits)
                    }
                }
            channel = try bootstrap.bind(host: options.host, port: options.port).wait()
            let port = channel.localAddress?.port ?? options.port
            let names = WebAccess(hostNames: options.hostNames + [options.host], token: options.token)
            try loop.submit { access.value = names }.wait()
            self.port = port
        } catch {
            try? group.syncShutdownGracefully()
            throw error
        }
    }

    private static func configure(
        _ channel: any Channel, _ site: Site, _ access: WebAccess, _ limits: WebLimits
    ) throws {
        let limiter = HeadLimiter(limit: limits.headBytes)
        try channel.pipeline.syncOperations.addHandler(limiter)
        try channel.pipeline.syncOperations.configureHTTPServerPipeline()
        try channel.pipeline.syncOperations.addHandler(ConnectionHandler(site, access, limits, limiter))
    }

    /// Ends all connections and threads.
    package func stop() {
        try? channel.close().wait()
        let site = site
        try? channel.eventLoop.submit { site.value.stop() }.wait()
        try? group.syncShutdownGracefully()
    }
}
