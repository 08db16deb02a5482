import Glibc
import TestSupport

/// Two ingests: the owner of the partition and a standby.
final class IngestPair {
    /// The time after which the lease of a silent owner expires.
    static let lease: Duration = .seconds(2)

    /// The number of partitions of the ingests that start from now on.
    var partitions = 1
    private let redis: String
    private var running: [ChildProcess] = []
    private var endedLogs: [String] = []

    init(redis: String) {
        self.redis = redis
    }

    func start() throws {
        for _ in 0..<2 { running.append(try startOne()) }
    }

    subscript(index: Int) -> ChildProcess { running[index % running.count] }

    /// The process ids of both ingests.
    var pids: [pid_t] { running.map(\.pid) }

    /// Kills both ingests.
    func kill() {
        for ingest in running {
            ingest.kill()
            endedLogs.append(ingest.stderr)
        }
        running.removeAll()
    }

    /// Kills an ingest and starts another in its place.
    func replace(_ index: Int) throws {
        let index = index % running.count
        running[index].kill()
        endedLogs.append(running[index].stderr)
        running[index] = try startOne()
    }

    /// Sends SIGTERM to both ingests, and waits until both have ended.
    ///
    /// - Returns: the failures of ingests that ended with another status than 0.
    func stop() throws -> [String] {
        var failures: [String] = []
        for ingest in running {
            ingest.resume()
            ingest.terminate()
        }
        for ingest in running {
            let ending = ingest.wait(within: .seconds(30))
            endedLogs.append(ingest.stderr)
            // SIGTERM kills an ingest that has not installed its signal handler yet.
            if ending == .exited(0) || ending == .signalled(SIGTERM) { continue }
            guard case .exited(let status) = ending else {
                throw TestFailure("an ingest ended with \(String(describing: ending)): \(ingest.stderr.suffix(2_000))")
            }
            let reason = ingest.stderr.split(separator: "\n").last.map(String.init) ?? ""
            failures.append("an ingest ended with status \(status) after SIGTERM: \(reason.prefix(160))")
        }
        running.removeAll()
        return failures
    }

    /// The ending of an ingest that has ended without a signal of this test, with its message; nil if there is none.
    var crash: String? {
        guard let ended = running.first(where: { !$0.isRunning }) else { return nil }
        let lines = ended.stderr.split(separator: "\n").filter { $0.contains("Fatal error") || $0.contains(" at /") }
        return "an ingest ended with \(String(describing: ended.wait())): \(lines.prefix(6).joined(separator: "\n"))"
    }

    /// The standard error of all ingests.
    var log: String { (endedLogs + running.map(\.stderr)).joined(separator: "----\n") }

    private func startOne() throws -> ChildProcess {
        try ChildProcess(
            "hypero-ingest",
            [
                "--redis", redis, "--lease", "\(Self.lease.components.seconds)", "--retain", "5000", "--log-level",
                "notice", "--partitions", "\(partitions)",
            ])
    }
}
