import Foundation
import Synchronization

/// A redis-server that belongs to one test or suite.
///
///     let server = try RedisServer()
///     #expect(server.cli("XLEN", "{hypero}:events") == "0")
///     server.kill()
///     try server.restart()
///
/// It listens on a unix socket in a temporary folder, keeps an append-only file there, and can be killed, suspended and
/// started again on the same folder, socket and port. It goes, with its folder, when the object goes or the test process
/// ends in whatever way.
package final class RedisServer: Sendable {
    /// `unix:///…/redis.sock`
    package var url: String { "unix://\(socket)" }

    /// `redis://127.0.0.1:port`, when a port was asked for.
    package var tcpURL: String? { port.map { "redis://127.0.0.1:\($0)" } }

    /// The path of the unix socket.
    package let socket: String

    /// The loopback port, when one was asked for.
    package let port: UInt16?

    /// Holds `redis.conf`, `redis.log` and the append-only file. A test may cut the file's tail while the server is down.
    package let folder: TemporaryFolder

    private let process = Mutex<ChildProcess?>(nil)

    /// Starts a server and waits until it answers.
    ///
    /// - Parameters:
    ///   - appendOnly: whether it keeps an append-only file, synced every second.
    ///   - tcp: whether it listens on a free loopback port too.
    ///   - configuration: further lines of `redis.conf`; they come last and so win.
    package init(appendOnly: Bool = true, tcp: Bool = false, configuration: [String] = []) throws {
        folder = try TemporaryFolder()
        socket = folder.file("redis.sock")
        port = tcp ? try FreePort.find() : nil
        var lines = [
            "port \(port ?? 0)", "bind 127.0.0.1", "unixsocket \(socket)", "unixsocketperm 700", "dir \(folder.path)",
            "logfile \(folder.file("redis.log"))", "appendonly \(appendOnly ? "yes" : "no")", "appendfsync everysec",
            "maxmemory-policy noeviction",
        ]
        // Snapshots on a timer would only take the processor away from the tests.
        lines.append("save \"\"")
        lines += configuration
        try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: URL(fileURLWithPath: folder.file("redis.conf")))
        try start()
    }

    deinit {
        // Before the folder goes, or the server would write into it once more.
        process.withLock { $0 = nil }
    }

    /// The process id, or nil while it is down.
    package var pid: Int32? { process.withLock { $0?.pid } }

    /// What the server has logged since it was first started.
    package var log: String {
        String(decoding: FileManager.default.contents(atPath: folder.file("redis.log")) ?? Data(), as: UTF8.self)
    }

    /// Kills it: SIGKILL. It is gone when this returns; ``restart()`` brings it back.
    package func kill() {
        process.withLock { process in
            process?.kill()
            process = nil
        }
    }

    /// Lets it end in order, its append-only file synced; kills it if that takes more than ten seconds.
    package func stop() {
        process.withLock { process in
            process?.resume()
            process?.terminate()
            process?.wait(within: .seconds(10))
            process = nil
        }
    }

    /// Stops it where it stands: connections stay open and nothing is answered.
    package func suspend() { process.withLock { $0?.suspend() } }

    /// Lets it go on.
    package func resume() { process.withLock { $0?.resume() } }

    /// Starts it again on the same folder, socket and port, and waits until it answers. A running one is stopped first.
    package func restart() throws {
        stop()
        try start()
    }

    /// Runs `redis-cli` against the server.
    ///
    /// - Parameter arguments: a command, or options of redis-cli before one.
    /// - Returns: what it prints, without the white space around it; lists are one element a line, nil is an empty text.
    ///   Error replies come as their text, and so does redis-cli's complaint when it cannot connect.
    @discardableResult
    package func cli(_ arguments: String...) -> String { cli(arguments) }

    /// Runs `redis-cli` against the server; as ``cli(_:)-(String...)``.
    @discardableResult
    package func cli(_ arguments: [String]) -> String {
        do {
            let outcome = try ChildProcess.run("redis-cli", ["-s", socket] + arguments, within: .seconds(30))
            let text = outcome.succeeded ? outcome.stdout : outcome.stdout + outcome.stderr
            return text.trimmingCharacters(in: .whitespacesAndNewlines)
        } catch {
            return "\(error)"
        }
    }

    private func start() throws {
        let server = try ChildProcess("redis-server", [folder.file("redis.conf")])
        let answers = eventually(within: .seconds(20)) { !server.isRunning || isReady() }
        guard answers, server.isRunning else {
            throw TestFailure("redis-server does not answer on \(socket)\n\(log)\n\(server.stdout)\n\(server.stderr)")
        }
        process.withLock { $0 = server }
    }

    /// Any answer will do but that the data set is still being read: a server with a password is ready too.
    private func isReady() -> Bool {
        guard FileManager.default.fileExists(atPath: socket) else { return false }
        let answer = cli("ping")
        return answer == "PONG" || answer.hasPrefix("NOAUTH") || answer.hasPrefix("MASTERDOWN")
    }
}
