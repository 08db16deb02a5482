import Glibc
import TestSupport

/// One run of `hypero-ingest --drain` over what the stream of a server holds, and what it cost.
struct Drain {
    /// Of the whole process, from its start to its end.
    let seconds: Double
    /// Of Redis' main thread.
    let redisSeconds: Double
    /// That Redis' main thread waited for a core.
    let redisWaited: Double
    let ingestSeconds: Double
    /// The most memory that the ingest had resident, in bytes.
    let ingestPeak: Int
    /// Entries it applied.
    let events: Int
    /// How many transactions Redis ran.
    let transactions: Int

    /// - Parameters:
    ///   - url: where the ingest is to find the server, when not at its socket.
    ///   - retain: entries that stay in the stream; what an ingest keeps by itself when nil.
    init(_ server: BenchServer, through url: String? = nil, retain: Int? = nil) throws {
        let redisBefore = try server.mainThreadSeconds()
        let waitedBefore = server.mainThreadWaiting()
        let childrenBefore = ChildrenClock.seconds
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
        ingestSeconds = ChildrenClock.seconds - childrenBefore
        ingestPeak = peak
        redisSeconds = try server.mainThreadSeconds() - redisBefore
        redisWaited = server.mainThreadWaiting() - waitedBefore
        events = try server.applied() - appliedBefore
        transactions = try Self.transactions(server) - transactionsBefore
    }

    var eventsPerSecond: Double { Double(events) / seconds }

    /// Microseconds of Redis' main thread an event.
    var redisMicroseconds: Double { redisSeconds * 1e6 / Double(max(events, 1)) }

    var ingestMicroseconds: Double { ingestSeconds * 1e6 / Double(max(events, 1)) }

    /// Percent of the time that Redis' main thread worked.
    var redisBusy: Double { redisSeconds / seconds * 100 }

    private static func transactions(_ server: BenchServer) throws -> Int {
        let text = try server.ask("INFO", "commandstats") ?? ""
        let line = text.split(whereSeparator: \.isNewline).first { $0.hasPrefix("cmdstat_exec:calls=") }
        return line.flatMap { $0.split(separator: "=")[1].split(separator: ",").first }.flatMap { Int($0) } ?? 0
    }
}
