import Glibc
import TestSupport

/// A run of `hypero-ingest --drain`, and its cost.
struct Drain {
    /// The run time of the whole process, in seconds.
    let seconds: Double
    /// The processor time of the main thread of Redis, in seconds.
    let redisSeconds: Double
    /// The time that the main thread of Redis waited for a core, in seconds.
    let redisWaited: Double
    /// The processor time of the ingest, in seconds.
    let ingestSeconds: Double
    /// The peak of the ingest's resident memory, in bytes.
    let ingestPeak: Int
    /// The number of applied entries.
    let events: Int
    /// The number of transactions that Redis executed.
    let transactions: Int

    /// Drains the stream of a server.
    ///
    /// - Parameters:
    ///   - server: the server with the stream.
    ///   - url: the Redis URL for the ingest, for example of a proxy; nil for the URL of the server.
    ///   - retain: the number of applied entries to keep in the stream; nil for the default of the ingest.
    init(_ server: BenchServer, through url: String? = nil, retain: Int? = nil) throws {
        let redisBefore = try server.mainThreadSeconds()
        let waitedBefore = server.mainThreadWaiting()
        let childrenBefore = ProcessTime.endedChildrenSeconds
        let appliedBefore = try server.applied()
        let transactionsBefore = try Self.transactions(server)
        let start = ContinuousClock.now
        var arguments = ["run", "--drain", "--redis", url ?? server.url, "--log-level", "error"]
        if let retain { arguments += ["--retain", "\(retain)"] }
        let ingest = try ChildProcess("hypero-ingest", arguments)
        var peak = 0
        while ingest.isRunning {
            peak = max(peak, ProcessMemory(of: ingest.pid)?.peak ?? 0)
            usleep(2_000)
        }
        seconds = (ContinuousClock.now - start) / .seconds(1)
        guard ingest.wait() == .exited(0) else { throw BenchError("hypero-ingest --drain failed: \(ingest.stderr)") }
        ingestSeconds = ProcessTime.endedChildrenSeconds - childrenBefore
        ingestPeak = peak
        redisSeconds = try server.mainThreadSeconds() - redisBefore
        redisWaited = server.mainThreadWaiting() - waitedBefore
        events = try server.applied() - appliedBefore
        transactions = try Self.transactions(server) - transactionsBefore
    }

    var eventsPerSecond: Double { Double(events) / seconds }

    /// Microseconds of the main thread of Redis per event.
    var redisMicroseconds: Double { redisSeconds * 1e6 / Double(max(events, 1)) }

    /// Microseconds of the ingest's processor time per event.
    var ingestMicroseconds: Double { ingestSeconds * 1e6 / Double(max(events, 1)) }

    /// Percent of the time that the main thread of Redis worked.
    var redisBusy: Double { redisSeconds / seconds * 100 }

    private static func transactions(_ server: BenchServer) throws -> Int {
        let text = try server.string("INFO", "commandstats") ?? ""
        let line = text.split(whereSeparator: \.isNewline).first { $0.hasPrefix("cmdstat_exec:calls=") }
        return line.flatMap { $0.split(separator: "=")[1].split(separator: ",").first }.flatMap { Int($0) } ?? 0
    }
}
