import Glibc
import Hypero
import TestSupport

/// What a log call costs the training: a row of three channels, at about 30,000 a second of all threads together, which
/// is more than any training logs; with Redis there, not there (nobody listens), and killed and started again each second.
///
/// Each turn takes the time around nothing and then around the call. The percentiles are those of the calls less the
/// median of nothing, which is what the clock costs; how many calls took more than a millisecond stands beside how many
/// times nothing did, which is what the machine does to any thread.
///
/// Beside: `write(2)` of as many bytes as the record of such a row has, to a file, at the same pace.
///
/// The tight loop is the call at full speed, of a million rows: the whole time over the number of calls.
struct LogSection: Section {
    private enum Redis: String, CaseIterable {
        case up
        case down
        case restarting
    }

    private static let perSecond = 30_000

    func run(_ plan: Plan, _ report: Report) throws {
        let duration = plan.divided(.seconds(10), atLeast: .milliseconds(50))
        var written: [Int: LogTimes] = [:]
        for threads in [1, 4] {
            report.progress("log: write(2) by \(threads)")
            let times = try write(Pace(threads: threads, perSecond: Self.perSecond, duration: duration))
            written[threads] = times
            add(times.nothing, "the clock alone, \(Self.counted(threads))", clock: 0, nil, [:], report)
        }
        for redis in Redis.allCases {
            for threads in [1, 4] {
                report.progress("log: Redis \(redis.rawValue), \(Self.counted(threads))")
                // The first kill comes after 0.9 seconds.
                let duration = redis == .restarting ? max(duration, .milliseconds(1_200)) : duration
                let times = try log(
                    redis, Pace(threads: threads, perSecond: Self.perSecond, duration: duration), plan)
                add(
                    times.calls, "Redis \(redis.rawValue), \(Self.counted(threads))", clock: times.nothing.median,
                    written[threads].map { ($0.calls, $0.nothing) }, Self.targets(threads), report, times.nothing)
            }
        }
        let rows = plan.divided(1_000_000, atLeast: 1_000)
        for threads in [1, 4] {
            report.progress("log: tight loop, \(Self.counted(threads))")
            let subject = "tight loop of \(NumberText.grouped(rows)) rows, \(Self.counted(threads))"
            let (ours, theirs) = try tight(rows, threads)
            report.add(
                Row(
                    section: .log, subject: subject, figure: "a call", value: ours, unit: .nanoseconds,
                    peer: Row.Peer("write(2)", theirs)))
        }
    }

    private static func targets(_ threads: Int) -> [Double: Target] {
        threads == 1
            ? [50: Targets.logMedian, 99: Targets.logP99, 99.9: Targets.logP999] : [50: Targets.logMedianOfFour]
    }

    private static func counted(_ threads: Int) -> String { threads == 1 ? "1 thread" : "\(threads) threads" }

    private func add(
        _ times: Latencies, _ subject: String, clock: Double, _ peer: (calls: Latencies, nothing: Latencies)?,
        _ targets: [Double: Target], _ report: Report, _ nothing: Latencies? = nil
    ) {
        func row(_ figure: String, _ value: Double, _ unit: Unit, _ peer: Row.Peer?, _ targets: [Target]) {
            report.add(
                Row(
                    section: .log, subject: subject, figure: figure, value: value, unit: unit, peer: peer,
                    targets: targets))
        }
        for (name, percent) in [("p50", 50.0), ("p99", 99), ("p99.9", 99.9), ("max", 100)] {
            let beside = peer.map { peer in
                Row.Peer("write(2)", max(peer.calls.percentile(percent) - peer.nothing.median, 0))
            }
            row(
                name, max(times.percentile(percent) - clock, 0), .nanoseconds, beside,
                targets[percent].map { [$0] } ?? [])
        }
        row(
            "above 1 ms, of \(NumberText.grouped(times.count))", Double(times.slow), .calls,
            nothing.map { Row.Peer("the clock alone", Double($0.slow)) }, [])
    }

    private func write(_ pace: Pace) throws -> LogTimes {
        let file = try WrittenBytes(battery: "bench.v1.01234567")
        return LogTimes(
            try pace.run { _ in
                LogTimes()
            } _: { times, _ in
                times.take { file.write() }
            })
    }

    private func log(_ redis: Redis, _ pace: Pace, _ plan: Plan) throws -> LogTimes {
        let server = try BenchServer()
        let folder = try TemporaryFolder()
        let client = try BenchClient(
            redis == .down ? "unix://\(folder.file("nobody.sock"))" : server.url)
        // A lease that is short, so that it is not the ingest that is away while Redis comes back.
        let ingest = try ChildProcess(
            "hypero-ingest", ["--redis", server.url, "--lease", "1", "--log-level", "critical"])
        defer { ingest.kill() }
        let battery = client.hypero.battery("bench")
        let rows = Rows()
        func measure(_ pace: Pace) throws -> LogTimes {
            let threads = try pace.run { _ in
                (times: LogTimes(), experiment: battery.experiment())
            } _: { thread, number in
                let row = rows[number]
                let experiment = thread.experiment
                thread.times.take { experiment.log(row) }
            }
            return LogTimes(threads.map(\.times))
        }
        _ = try measure(
            Pace(
                threads: pace.threads, perSecond: pace.perSecond,
                duration: plan.divided(.seconds(1), atLeast: .milliseconds(50))))
        let killer = redis == .restarting ? RestartingServer(server.server) : nil
        let times = try measure(pace)
        try killer?.end()
        try client.close()
        return times
    }

    /// Nanoseconds of a thread's time a call, and a write(2).
    private func tight(_ rows: Int, _ threads: Int) throws -> (log: Double, write: Double) {
        let server = try BenchServer()
        let client = try BenchClient(server.url)
        let battery = client.hypero.battery("bench")
        let values = Rows()
        let file = try WrittenBytes(battery: battery.id)
        func time(_ body: @escaping @Sendable (Int, Experiment) -> Void) throws -> Double {
            let times = try ThreadGroup(threads) { _ in
                let experiment = battery.experiment()
                let start = Clock.now
                for number in 0..<rows / threads { body(number, experiment) }
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
