import Foundation
import Synchronization

/// A private redis-server of one test or suite.
///
///     let server = try RedisServer()
///     #expect(server.cli("XLEN", "{hypero}:events") == "0")
///     server.kill()
///     try server.restart()
///
/// The server listens on a unix socket in a temporary folder and keeps its append-only file there. A test can kill it,
/// suspend it, and restart it with the same folder, socket and port. The server is killed and the folder removed when the
/// object is deinitialized, or when the test process ends, even by a crash or SIGKILL.
package final class RedisServer: Sendable {
    /// `unix:///…/redis.sock`
    package var url: String { "unix://\(socket)" }

    /// `redis://127.0.0.1:port`; nil if the server has no port.
    package var tcpURL: String? { port.map { "redis://127.0.0.1:\($0)" } }

    /// The path of the unix socket.
    package let socket: String

    /// The loopback port; nil if the server listens only on its unix socket.
    package let port: UInt16?

    /// The folder of `redis.conf`, `redis.log` and the append-only file. A test may truncate that file while the server
    /// is stopped.
    package let folder: TemporaryFolder

    private let process = Mutex<ChildProcess?>(nil)

    /// Starts a server and waits until it replies.
    ///
    /// - Parameters:
    ///   - appendOnly: whether the server keeps an append-only file, synced every second.
    ///   - tcp: whether the server also listens on a free loopback port.
    ///   - configuration: additional last lines of `redis.conf`, which override the others.
    package init(appendOnly: Bool = true, tcp: Bool = false, configuration: [String] = []) throws {
        // A disk that stalls stops a server that has an append-only file for as long.
        folder = try TemporaryFolder(inMemory: true)
        socket = folder.file("redis.sock")
        port = tcp ? try SocketAddress.freePort() : nil
        var lines = [
            "port \(port ?? 0)", "bind 127.0.0.1", "unixsocket \(socket)", "unixsocketperm 700", "dir \(folder.path)",
            "logfile \(folder.file("redis.log"))", "appendonly \(appendOnly ? "yes" : "no")", "appendfsync everysec",
            "maxmemory-policy noeviction",
        ]
        // No periodic snapshots: they would only use processor time that the tests need.
        lines.append("save \"\"")
        lines += configuration
        try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: URL(fileURLWithPath: folder.file("redis.conf")))
        try start()
    }

    deinit {
        // The server must end before the folder is removed. Otherwise it would write there again.
        process.withLock { $0 = nil }
    }

    /// The process id; nil while the server does not run.
    package var pid: Int32? { process.withLock { $0?.pid } }

    /// The server log since the first start.
    package var log: String {
        String(decoding: FileManager.default.contents(atPath: folder.file("redis.log")) ?? Data(), as: UTF8.self)
    }

    /// Sends SIGKILL and waits for the server's end. ``restart()`` starts the server again.
    package func kill() {
        process.withLock { process in
            process?.kill()
            process = nil
        }
    }

    /// Shuts the server down, which syncs the append-only file. Kills the server after ten seconds.
    package func stop() {
        process.withLock { process in
            process?.resume()
            process?.terminate()
            process?.wait(within: .seconds(10))
            process = nil
        }
    }

    /// Sends SIGSTOP: connections stay open, and the server replies to nothing.
    package func suspend() { process.withLock { $0?.suspend() } }

    /// Sends SIGCONT, which continues a suspended server.
    package func resume() { process.withLock { $0?.resume() } }

    /// Starts the server with the same folder, socket and port, and waits until it replies. Stops a running server first.
    package func restart() throws {
        stop()
        try start()
    }

    private func start() throws {
        let server = try ChildProcess("redis-server", [folder.file("redis.conf")])
        let hasStarted = eventually(within: .seconds(20)) { !server.isRunning || isReady() }
        guard hasStarted, server.isRunning else {
            throw TestFailure("redis-server does not reply on \(socket)\n\(log)\n\(server.stdout)\n\(server.stderr)")
        }
        process.withLock { $0 = server }
    }

    /// Returns whether the server has loaded its data set. A server is also ready if it replies that it requires a password
    /// or is a replica without a link to its primary.
    private func isReady() -> Bool {
        guard FileManager.default.fileExists(atPath: socket) else { return false }
        let reply = cli("ping")
        return reply == "PONG" || reply.hasPrefix("NOAUTH") || reply.hasPrefix("MASTERDOWN")
    }
}
