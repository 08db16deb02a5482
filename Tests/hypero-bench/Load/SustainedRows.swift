import Glibc
import Hypero
import TestSupport

/// The rate of two clients that log as fast as the ingest applies the events.
///
/// The number of unapplied events is limited by a window. Without the window, the figure would be the growth of a backlog.
struct SustainedRows {
    /// Applied events per second.
    let perSecond: Double
    /// Percent of the time that the main thread of Redis worked.
    let redisBusy: Double
    /// Percent of the time that the main thread of Redis waited for a core.
    let redisWaiting: Double
    /// Percent of the time that the ingest worked, on all its threads together.
    let ingestBusy: Double
    /// Percent of the time that the process of the clients worked, on all its threads together.
    let clientsBusy: Double

    private static let window = 100_000
    private static let producers = 2

    init(warmup: Duration, duration: Duration) throws {
        let server = try BenchServer()
        let ingest = try ChildProcess("hypero-ingest", ["--redis", server.url, "--log-level", "error"])
        defer { ingest.kill() }
        let applied = try AppliedCount(server)
        defer { applied.stop() }
        let pressure = Backpressure(applied, window: Self.window)
        let clients = try (0..<Self.producers).map { _ in try BenchClient(server.url) }
        let rows = Rows()
        let threads = ThreadGroup(Self.producers) { index in
            let battery = clients[index].hypero.battery("bench")
            while true {
                let experiment = battery.experiment()
                guard try pressure.add(2) else { return }
                for start in stride(from: 0, to: Rows.epochs, by: 100) {
                    for row in start..<start + 100 { experiment.log(rows[row]) }
                    guard try pressure.add(100) else { return }
                }
            }
        }
        usleep(UInt32(warmup / .microseconds(1)))
        func readCounts() throws -> (
            time: Double, applied: Int, redis: Double, waiting: Double, ingest: Double, clients: Double
        ) {
            (
                Double(Clock.now) / 1e9, try server.applied(), try server.mainThreadSeconds(),
                server.mainThreadWaiting(), ProcessTime.seconds(of: ingest.pid), ProcessTime.seconds(of: getpid())
            )
        }
        let before = try readCounts()
        usleep(UInt32(duration / .microseconds(1)))
        let after = try readCounts()
        pressure.stop()
        _ = try threads.results()
        let seconds = after.time - before.time
        perSecond = Double(after.applied - before.applied) / seconds
        redisBusy = (after.redis - before.redis) / seconds * 100
        redisWaiting = (after.waiting - before.waiting) / seconds * 100
        ingestBusy = (after.ingest - before.ingest) / seconds * 100
        clientsBusy = (after.clients - before.clients) / seconds * 100
        for client in clients { try client.close() }
    }
}
