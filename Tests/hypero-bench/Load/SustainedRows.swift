import Glibc
import Hypero
import TestSupport

/// Two clients that log as fast as the ingest follows: no more than a window is ever on its way, so that what is measured
/// is the whole way and not how fast a backlog grows.
struct SustainedRows {
    let perSecond: Double
    /// Percent of the time that Redis' main thread worked.
    let redisBusy: Double
    /// Percent of the time that it waited for a core.
    let redisWaiting: Double
    /// Percent of the time that the ingest worked, and the process with the clients, on all their threads together.
    let ingestBusy: Double
    let clientsBusy: Double

    private static let window = 100_000
    private static let producers = 2

    init(warmup: Duration, duration: Duration) throws {
        let server = try BenchServer()
        let ingest = try ChildProcess("hypero-ingest", ["--redis", server.url, "--log-level", "error"])
        defer { ingest.kill() }
        let applied = try AppliedCount(server)
        defer { applied.end() }
        let pressure = Backpressure(applied, window: Self.window)
        let clients = try (0..<Self.producers).map { _ in try BenchClient(server.url) }
        let rows = Rows()
        let crew = ThreadGroup(Self.producers) { number in
            let battery = clients[number].hypero.battery("bench")
            while true {
                let experiment = battery.experiment()
                guard try pressure.add(2) else { return }
                for start in stride(from: 0, to: Rows.epochs, by: 100) {
                    for number in start..<start + 100 { experiment.log(rows[number]) }
                    guard try pressure.add(100) else { return }
                }
            }
        }
        usleep(UInt32(warmup / .microseconds(1)))
        func look() throws -> (
            time: Double, applied: Int, redis: Double, waiting: Double, ingest: Double, clients: Double
        ) {
            (
                Double(Clock.now) / 1e9, try server.applied(), try server.mainThreadSeconds(),
                server.mainThreadWaiting(), ProcessTime.seconds(of: ingest.pid), ProcessTime.seconds(of: getpid())
            )
        }
        let before = try look()
        usleep(UInt32(duration / .microseconds(1)))
        let after = try look()
        pressure.end()
        _ = try crew.results()
        let seconds = after.time - before.time
        perSecond = Double(after.applied - before.applied) / seconds
        redisBusy = (after.redis - before.redis) / seconds * 100
        redisWaiting = (after.waiting - before.waiting) / seconds * 100
        ingestBusy = (after.ingest - before.ingest) / seconds * 100
        clientsBusy = (after.clients - before.clients) / seconds * 100
        for client in clients { try client.close() }
    }
}
