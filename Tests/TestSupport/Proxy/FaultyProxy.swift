import Foundation
import Glibc
import HyperoRedis

/// A bad network between a client and a redis-server: what passes it can be delayed, throttled, cut to pieces, cut off or
/// swallowed, and all of that can be switched while it runs.
///
///     let proxy = try FaultyProxy(to: server)
///     let hypero = try Hypero.connect(proxy.url)
///     proxy.line = .silent
///     …
///     proxy.line = .good
///
/// It listens on a unix socket in a temporary folder, or on a loopback port, and has one thread. When the object goes,
/// so do the thread, the connections and the socket.
package final class FaultyProxy: Sendable {
    /// Where clients are to connect.
    package let url: String

    private let control: ProxyControl
    /// Keeps the socket's folder.
    private let folder: TemporaryFolder?

    /// - Parameters:
    ///   - target: the server that is meant.
    ///   - tcp: whether to listen on a loopback port; else on a unix socket.
    package init(to target: RedisServer, tcp: Bool = false) throws {
        let listener: Int32
        let address: SocketAddress
        if tcp {
            let port = try FreePort.find()
            folder = nil
            url = "redis://127.0.0.1:\(port)"
            address = .loopback(port)
        } else {
            let folder = try TemporaryFolder()
            self.folder = folder
            url = "unix://\(folder.file("proxy.sock"))"
            address = .unix(folder.file("proxy.sock"))
        }
        listener = try address.listen()
        control = try ProxyControl(target: target.socket)
        let loop = ProxyLoop(listener: listener, address: address, control: control)
        Thread.detachNewThread { loop.run() }
    }

    deinit {
        control.stop()
    }

    /// How the network is now. A change holds for live connections too.
    package var line: ProxyLine {
        get { control.line }
        set { control.line = newValue }
    }

    /// What has passed since the proxy began.
    package var traffic: ProxyTraffic { control.traffic }

    /// Resets all live connections.
    package func disconnectAll() { control.disconnectAll() }

    /// Leads all further connections to another server and resets the live ones, as when a virtual address moves.
    package func move(to target: RedisServer) { control.move(to: target.socket) }
}
