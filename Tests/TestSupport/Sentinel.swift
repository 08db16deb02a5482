import Foundation

/// A private sentinel on a loopback port that watches a primary under the name `main`. It is killed when the object is
/// deinitialized.
package final class Sentinel {
    package let port: UInt16
    private let folder: TemporaryFolder
    private let process: ChildProcess

    /// Starts a sentinel, and waits until it answers.
    ///
    /// - Parameters:
    ///   - primary: the port of the primary on the loopback interface.
    ///   - quorum: the number of sentinels that must agree on the failure of the primary.
    ///   - configuration: further lines of the configuration.
    package init(watching primary: UInt16, quorum: Int = 1, configuration: [String] = []) throws {
        folder = try TemporaryFolder(inMemory: true)
        port = try SocketAddress.freePort()
        let lines =
            [
                "port \(port)", "bind 127.0.0.1", "dir \(folder.path)", "logfile \(folder.file("sentinel.log"))",
                "sentinel monitor main 127.0.0.1 \(primary) \(quorum)", "sentinel down-after-milliseconds main 1000",
                "sentinel failover-timeout main 5000",
            ] + configuration
        let file = folder.file("sentinel.conf")
        try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: URL(fileURLWithPath: file))
        process = try ChildProcess("redis-server", [file, "--sentinel"])
        guard eventually(within: .seconds(20), { ["PONG", "NOAUTH"].contains { cli("PING").hasPrefix($0) } }) else {
            throw TestFailure("the sentinel does not answer: \(process.stdout)\n\(process.stderr)")
        }
    }

    /// Sends SIGKILL.
    package func kill() { process.kill() }

    /// Sends SIGSTOP: connections stay open, and the sentinel replies to nothing.
    package func suspend() { process.suspend() }

    /// Sends SIGCONT, which continues a suspended sentinel.
    package func resume() { process.resume() }

    /// Runs `redis-cli` with the sentinel, and returns the output without surrounding white space.
    @discardableResult
    package func cli(_ arguments: String...) -> String {
        let outcome = try? ChildProcess.run("redis-cli", ["-p", "\(port)"] + arguments, within: .seconds(30))
        return (outcome?.stdout ?? "").trimmingCharacters(in: .whitespacesAndNewlines)
    }
}
