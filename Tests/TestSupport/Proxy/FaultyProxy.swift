import Foundation
import Glibc

/// A proxy between clients and a redis-server that simulates a faulty network.
///
/// The proxy can delay, throttle, slice, reset or drop the traffic. The fault can be changed at any time.
///
///     let proxy = try FaultyProxy(to: server)
///     let hypero = try Hypero.connect(proxy.url)
///     proxy.network = .silent
///     …
///     proxy.network = .good
///
/// The proxy listens on a unix socket in a temporary folder or on a loopback port, and uses one thread. Deinitialization
/// ends the thread and closes all sockets.
package final class FaultyProxy: Sendable {
    /// The URL for clients.
    package let url: String

    private let control: ProxyControl
    /// Keeps the folder of the unix socket; nil if the proxy listens on a port.
    private let folder: TemporaryFolder?

    /// - Parameters:
    ///   - target: the server behind the proxy. The proxy connects to its unix socket.
    ///   - tcp: whether the proxy listens on a loopback port instead of a unix socket.
    package init(to target: RedisServer, tcp: Bool = false) throws {
        let listener: Int32
        let address: SocketAddress
        if tcp {
            let port = try SocketAddress.freePort()
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

    /// The current network condition. A change also applies to open connections.
    package var network: NetworkCondition {
        get { control.network }
        set { control.network = newValue }
    }

    /// The counts since the start of the proxy.
    package var traffic: ProxyTraffic { control.traffic }

    /// Resets all open connections.
    package func disconnectAll() { control.disconnectAll() }

    /// Connects all later connections to another server and resets the open ones, as when a virtual address moves.
    package func move(to target: RedisServer) { control.move(to: target.socket) }
}

/// The connections, commands and bytes that a proxy has counted.
package struct ProxyTraffic: Sendable, Hashable {
    /// Accepted connections.
    package var connections = 0
    /// Open connections.
    package var open = 0
    /// Connections that the proxy has reset because of its network condition.
    package var resets = 0
    /// Commands that clients sent.
    package var requests = 0
    /// Requests that were a client's first or followed a reply. Each such request costs the network latency once.
    package var roundTrips = 0
    /// Bytes of commands that reached the server.
    package var requestBytes = 0
    /// Bytes of replies that reached clients.
    package var replyBytes = 0
}
