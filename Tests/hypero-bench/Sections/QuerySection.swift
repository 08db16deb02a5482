import HyperoQuery
import HyperoRedis
import HyperoSchema

/// How long a top ten takes among a thousand experiments and up to a million, and the whole of one experiment.
///
/// As a whole process, from its start to its end, `hypero-query` and redis-cli in turn; and as questions over an open
/// connection, the library and the bare command in turn. All stands in one Redis, as the ingest wrote it: ten
/// hyper-parameters, three maxima. redis-cli does the bare ZREVRANGE of the ranking, so it neither finds the battery by
/// its name nor reads what the ten experiments are; for `show` it reads the learning curves alone.
struct QuerySection: Section {
    func run(_ plan: Plan, _ report: Report) throws {
        let server = try BenchServer()
        let store = try Store(server.url, timeout: .seconds(30))
        let sizes = [1_000, 10_000, 100_000, 1_000_000].filter { $0 <= max(1_000_000 / plan.divisor, 1_000) }
        for size in sizes {
            report.progress("query: writing \(NumberText.grouped(size)) experiments")
            try fill(server, size)
        }
        let single = Backlog(battery: "bench show", experiments: 1, parameters: 10, epochs: 500, hasEnd: true)
        try single.write(to: server)
        _ = try Drain(server, retain: 0)

        let runs = plan.divided(200, atLeast: 5)
        for size in sizes {
            report.progress("query: rank among \(NumberText.grouped(size))")
            let backlog = Self.backlog(size)
            let key = server.keyspace.rank(of: backlog.batteryID, by: "valid")
            let question = ["ZREVRANGE", key, "0", "9", "WITHSCORES"]
            let subject = "rank, top 10 of \(NumberText.grouped(size))"
            try processes(
                subject, ["rank", backlog.battery], question, "redis-cli ZREVRANGE", server, runs, report,
                targets: size == 1_000_000 ? [Targets.rankMillion, Targets.rankMillionRatio] : [])
            try questions(subject, question, "ZREVRANGE", server, runs, report) {
                guard try store.leaderboard(of: backlog.battery).count == size else {
                    throw BenchError("the ranking of \(backlog.battery) has not \(size) experiments")
                }
            }
        }
        let ids = try server.connect().first(of: server.keyspace.experiments(of: single.batteryID))
        let question = ["HGETALL", server.keyspace.curve(of: ids)]
        report.progress("query: show")
        try processes(
            "show, 500 epochs", ["show", ids.text], question, "redis-cli HGETALL", server, runs, report)
        try questions("show, 500 epochs", question, "HGETALL", server, runs, report) {
            _ = try store.experiment(ids.text)
        }
    }

    private static func backlog(_ experiments: Int) -> Backlog {
        Backlog(
            battery: "bench \(experiments)", experiments: experiments, parameters: 10, hasMaxima: true, hasEnd: true,
            isDeclaredOnce: true)
    }

    /// By pieces, so that the stream with a million experiments need not fit into memory beside them.
    private func fill(_ server: BenchServer, _ size: Int) throws {
        var left = size
        while left > 0 {
            let piece = Backlog(
                battery: Self.backlog(size).battery, experiments: min(left, 200_000), parameters: 10, hasMaxima: true,
                hasEnd: true, isDeclaredOnce: true)
            try piece.write(to: server)
            _ = try Drain(server, retain: 0)
            left -= piece.experiments
        }
    }

    private func processes(
        _ subject: String, _ arguments: [String], _ question: [String], _ peer: String, _ server: BenchServer,
        _ runs: Int, _ report: Report, targets: [Target] = []
    ) throws {
        let ours = TimedProcess("hypero-query", arguments + ["--redis", server.url])
        let theirs = TimedProcess("redis-cli", ["-s", server.socket] + question)
        let pairs = try alternating(runs, { try life(of: ours) }, { try life(of: theirs) })
        add(pairs, "whole process", peer, subject, .milliseconds, report, targets: targets)
    }

    private func questions(
        _ subject: String, _ question: [String], _ peer: String, _ server: BenchServer, _ runs: Int, _ report: Report,
        _ ask: () throws -> Void
    ) throws {
        var connection = try server.connect()
        let pairs = try alternating(
            runs, { try timed { try ask() } },
            {
                try timed {
                    var writer = RESPWriter(capacity: 256)
                    writer.begin(arguments: question.count)
                    for argument in question { writer.add(argument) }
                    try connection.send(writer)
                    _ = try connection.receive()
                }
            })
        add(pairs, "open connection", peer, subject, .microseconds, report)
    }

    private func add(
        _ pairs: (ours: Latencies, theirs: Latencies), _ figure: String, _ peer: String, _ subject: String,
        _ unit: Unit, _ report: Report, targets: [Target] = []
    ) {
        let scale: Double = unit == .milliseconds ? 1e6 : 1e3
        for (name, percent) in [("p50", 50.0), ("p99", 99.0)] {
            report.add(
                Row(
                    section: .query, subject: subject, figure: "\(figure) \(name)",
                    value: pairs.ours.percentile(percent) / scale, unit: unit,
                    peer: Row.Peer(peer, pairs.theirs.percentile(percent) / scale),
                    targets: percent == 50 ? targets : []))
        }
    }

    private func alternating(
        _ runs: Int, _ first: () throws -> Int64, _ second: () throws -> Int64
    ) throws -> (ours: Latencies, theirs: Latencies) {
        var (ours, theirs) = (Latencies(), Latencies())
        // The first of each finds cold caches.
        _ = try first()
        _ = try second()
        for _ in 0..<runs {
            ours.record(try first())
            theirs.record(try second())
        }
        return (ours, theirs)
    }

    private func life(of process: TimedProcess) throws -> Int64 {
        let life = try process.run()
        return life.end - life.start
    }

    private func timed(_ body: () throws -> Void) rethrows -> Int64 {
        let start = Clock.now
        try body()
        return Clock.now - start
    }
}

extension RedisConnection {
    /// The experiment that a sorted set has first.
    fileprivate consuming func first(of key: String) throws -> ExperimentID {
        var connection = self
        var reply = try connection.call("ZRANGE", key, "0", "0")
        guard let text = try reply.strings().first ?? nil, let id = ExperimentID(text) else {
            throw BenchError("\(key) is empty")
        }
        return id
    }
}
