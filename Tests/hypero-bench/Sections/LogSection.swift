import Glibc
import Hypero
import Synchronization
import TestSupport

/// The cost of a log call for the training: a row of three channels.
///
/// All threads together make about 30,000 calls per second, more than any training. Redis is up, is down (no server listens),
/// or is killed and restarted every second.
///
/// Each measurement of a call follows an empty measurement with the same clock. The percentiles are those of the calls minus
/// the median of the empty measurements, which is the cost of the clock. The number of calls above one millisecond is
/// compared with the number of empty measurements above one millisecond, which are interruptions of the thread by the
/// machine.
///
/// The comparison is a `write(2)` of as many bytes as the record of such a row, to a file, at the same rate.
///
/// Two busy threads beside the four take the cores away from log calls in the middle of a record. The other log calls must
/// not wait for them.
///
/// The tight loop makes a million calls at full speed. The figure is the total time divided by the number of calls.
struct LogSection: Section {
    private enum Redis: String, CaseIterable {
        case up
        case down
        case restarting
    }

    private static let perSecond = 30_000

    func run(_ plan: Plan, report: Report) throws {
        let duration = plan.divided(.seconds(10), atLeast: .milliseconds(50))
        var written: [Int: LogTimes] = [:]
        for threads in [1, 4] {
            report.progress("log: write(2), \(Self.counted(threads))")
            let times = try measureWrites(Pace(threads: threads, perSecond: Self.perSecond, duration: duration))
            written[threads] = times
            let rows = report.rows(of: "the clock alone, \(Self.counted(threads))", in: .log)
            add(percentilesOf: times.clock, to: rows)
            addSlowCalls(of: times.clock, to: rows)
        }
        for redis in Redis.allCases {
            for threads in [1, 4] {
                report.progress("log: Redis \(redis.rawValue), \(Self.counted(threads))")
                // The first kill is after 0.9 s.
                let duration = redis == .restarting ? max(duration, .milliseconds(1_200)) : duration
                let times = try measureLogCalls(
                    Pace(threads: threads, perSecond: Self.perSecond, duration: duration), redis: redis, plan: plan)
                let rows = report.rows(of: "Redis \(redis.rawValue), \(Self.counted(threads))", in: .log)
                add(
                    percentilesOf: times.calls, minus: times.clock.median, peer: written[threads],
                    targets: Self.targets(threads), to: rows)
                addSlowCalls(of: times.calls, clock: times.clock, to: rows)
            }
        }
        try measureBesideBusyThreads(duration, plan: plan, report: report)
        let count = plan.divided(1_000_000, atLeast: 1_000)
        for threads in [1, 4] {
            report.progress("log: tight loop, \(Self.counted(threads))")
            let (log, write) = try measureTightLoop(rows: count, threads: threads)
            report.rows(
                of: "tight loop of \(NumberText.grouped(count)) rows, \(Self.counted(threads))", in: .log
            ).add("per call", value: log, unit: .nanoseconds, peer: Row.Peer("write(2)", write))
        }
    }

    private func measureBesideBusyThreads(_ duration: Duration, plan: Plan, report: Report) throws {
        report.progress("log: Redis down, 4 threads beside 2 busy threads")
        let isDone = Atomic<Bool>(false)
        let busy = ThreadGroup(2) { _ in while !isDone.load(ordering: .relaxed) {} }
        let result = Result {
            try measureLogCalls(
                Pace(threads: 4, perSecond: Self.perSecond, duration: duration), redis: .down, plan: plan)
        }
        isDone.store(true, ordering: .relaxed)
        _ = try busy.results()
        let times = try result.get()
        let rows = report.rows(of: "Redis down, 4 threads beside 2 busy threads", in: .log)
        add(percentilesOf: times.calls, minus: times.clock.median, targets: Self.targets(4), to: rows)
        addSlowCalls(of: times.calls, clock: times.clock, to: rows)
    }

    private static func targets(_ threads: Int) -> [Double: Target] {
        threads == 1
            ? [50: Targets.logMedian, 99: Targets.logP99, 99.9: Targets.logP999]
            : [50: Targets.logMedianOfFour, 99.9: Targets.logP999OfFour]
    }

    private static func counted(_ threads: Int) -> String { threads == 1 ? "1 thread" : "\(threads) threads" }

    private func add(
        percentilesOf times: Latencies, minus clock: Double = 0, peer: LogTimes? = nil,
        targets: [Double: Target] = [:], to rows: SubjectRows
    ) {
        for (name, percent) in [("p50", 50.0), ("p99", 99), ("p99.9", 99.9), ("max", 100)] {
            rows.add(
                name, value: max(times.percentile(percent) - clock, 0), unit: .nanoseconds,
                peer: peer.map { peer in
                    Row.Peer("write(2)", max(peer.calls.percentile(percent) - peer.clock.median, 0))
                },
                targets: targets[percent].map { [$0] } ?? [])
        }
    }

    private func addSlowCalls(of times: Latencies, clock: Latencies? = nil, to rows: SubjectRows) {
        rows.add(
            "above 1 ms, of \(NumberText.grouped(times.count))", value: Double(times.slowCount), unit: .calls,
            peer: clock.map { Row.Peer("the clock alone", Double($0.slowCount)) })
    }

    private func measureWrites(_ pace: Pace) throws -> LogTimes {
        let file = try WrittenBytes(battery: "bench.v1.01234567")
        return LogTimes(
            merging: try pace.run { _ in
                LogTimes()
            } call: { times, _ in
                times.measure { file.write() }
            })
    }

    private func measureLogCalls(_ pace: Pace, redis: Redis, plan: Plan) throws -> LogTimes {
        let server = try BenchServer()
        let folder = try TemporaryFolder()
        let client = try BenchClient(
            redis == .down ? "unix://\(folder.file("absent.sock"))" : server.url)
        // A short lease, so that the ingest is active again as soon as Redis is.
        let ingest = try ChildProcess(
            "hypero-ingest", ["--redis", server.url, "--lease", "1", "--log-level", "critical"])
        defer { ingest.kill() }
        let battery = client.hypero.battery("bench")
        let rows = Rows()
        func measure(_ pace: Pace) throws -> LogTimes {
            let threads = try pace.run { _ in
                (times: LogTimes(), experiment: battery.experiment())
            } call: { thread, index in
                let row = rows[index]
                let experiment = thread.experiment
                thread.times.measure { experiment.log(row) }
            }
            return LogTimes(merging: threads.map(\.times))
        }
        // Warm-up.
        _ = try measure(
            Pace(
                threads: pace.threads, perSecond: pace.perSecond,
                duration: plan.divided(.seconds(1), atLeast: .milliseconds(50))))
        let restarts = redis == .restarting ? RestartingServer(server.server) : nil
        let times = try measure(pace)
        try restarts?.stop()
        try client.close()
        return times
    }

    /// Measures log calls and calls of write(2) without pauses.
    ///
    /// - Returns: nanoseconds per call, the median of all threads.
    private func measureTightLoop(rows: Int, threads: Int) throws -> (log: Double, write: Double) {
        let server = try BenchServer()
        let client = try BenchClient(server.url)
        let battery = client.hypero.battery("bench")
        let values = Rows()
        let file = try WrittenBytes(battery: battery.id)
        func time(_ body: @escaping @Sendable (Int, Experiment) -> Void) throws -> Double {
            let times = try ThreadGroup(threads) { _ in
                let experiment = battery.experiment()
                let start = Clock.now
                for index in 0..<rows / threads { body(index, experiment) }
                return Double(Clock.now - start) / Double(rows / threads)
            }.results()
            return times.median
        }
        let log = try time { $1.log(values[$0]) }
        let write = try time { _, _ in file.write() }
        try client.close()
        return (log, write)
    }
}
