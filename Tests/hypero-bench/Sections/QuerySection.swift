import HyperoQuery
import HyperoRedis
import HyperoSchema

/// The time of a top ten among a thousand to a million experiments, and of showing one experiment.
///
/// *Whole process* is the run time from start to exit, with `hypero-query` and redis-cli alternating. *Open connection* is a
/// query over an open connection, with the library and the Redis command alternating. One Redis has the data, as the ingest
/// wrote it: ten hyper-parameters and three maxima per experiment.
///
/// redis-cli executes only the ZREVRANGE of the ranking: it neither finds the battery by its name nor reads the ten
/// experiments. For `show`, redis-cli reads only the learning curves. ``ScanFigures`` has the queries that read many experiments.
struct QuerySection: Section {
    /// A query of hypero and the Redis command that is its lower bound.
    private struct Query {
        /// The arguments of `hypero-query`.
        let arguments: [String]
        /// The Redis command.
        let command: [String]
        /// The query with the library.
        let body: () throws -> Void
        /// The targets of the median of the whole process.
        var targets: [Target] = []
    }

    func run(_ plan: Plan, report: Report) throws {
        let server = try BenchServer()
        let store = try Store(server.url, timeout: .seconds(30))
        let sizes = [1_000, 10_000, 100_000, 1_000_000].filter { $0 <= max(1_000_000 / plan.divisor, 1_000) }
        for size in sizes {
            report.progress("query: writing \(NumberText.grouped(size)) experiments")
            try write(experiments: size, to: server)
        }
        let single = Backlog(battery: "bench show", experiments: 1, parameters: 10, epochs: 500, hasEnd: true)
        try single.write(to: server)
        _ = try Drain(server, retain: 0)

        let repetitions = plan.divided(200, atLeast: 5)
        for size in sizes {
            report.progress("query: rank among \(NumberText.grouped(size))")
            let backlog = Self.backlog(experiments: size)
            let key = server.keyspace.rank(of: backlog.batteryID, by: "valid")
            let rank = Query(
                arguments: ["rank", backlog.battery], command: ["ZREVRANGE", key, "0", "9", "WITHSCORES"],
                body: {
                    guard try store.leaderboard(of: backlog.battery).count == size else {
                        throw BenchError("the ranking of \(backlog.battery) does not have \(size) experiments")
                    }
                }, targets: size == 1_000_000 ? [Targets.rankMillion, Targets.rankMillionRatio] : [])
            let rows = report.rows(of: "rank, top 10 of \(NumberText.grouped(size))", in: .query)
            try measure(rank, on: server, repetitions: repetitions, rows: rows)
        }
        try ScanFigures(server: server, plan: plan).measure(Self.backlog(experiments: sizes[sizes.count - 1]), report)
        if let size = sizes.last(where: { $0 <= 100_000 }) {
            report.progress("query: importance of \(NumberText.grouped(size))")
            let rows = report.rows(of: "importance, \(NumberText.grouped(size)) experiments", in: .query)
            let command = TimedProcess("hypero-query", ["importance", "bench \(size)", "--redis", server.url])
            let (duration, peak) = try command.runWatchingMemory()
            rows.add("whole process", value: Double(duration) / 1e9, unit: .seconds, targets: [Targets.importance])
            rows.add("memory", value: Double(peak) / 0x1p20, unit: .mebibytes)
        }
        report.progress("query: show")
        let id = try server.connect().first(of: server.keyspace.experiments(of: single.batteryID))
        let show = Query(
            arguments: ["show", id.text], command: ["HGETALL", server.keyspace.curve(of: id)],
            body: { _ = try store.experiment(id.text) })
        try measure(
            show, on: server, repetitions: repetitions, rows: report.rows(of: "show, 500 epochs", in: .query))
    }

    private static func backlog(experiments: Int) -> Backlog {
        Backlog(
            battery: "bench \(experiments)", experiments: experiments, parameters: 10, hasMaxima: true, hasEnd: true,
            isDeclaredOnce: true)
    }

    /// Writes and applies the experiments in parts. The stream of a million experiments would need too much memory.
    private func write(experiments: Int, to server: BenchServer) throws {
        var remaining = experiments
        while remaining > 0 {
            let part = Backlog(
                battery: Self.backlog(experiments: experiments).battery, experiments: min(remaining, 200_000),
                parameters: 10, hasMaxima: true, hasEnd: true, isDeclaredOnce: true)
            try part.write(to: server)
            _ = try Drain(server, retain: 0)
            remaining -= part.experiments
        }
    }

    private func measure(_ query: Query, on server: BenchServer, repetitions: Int, rows: SubjectRows) throws {
        let own = TimedProcess("hypero-query", query.arguments + ["--redis", server.url])
        let peer = TimedProcess("redis-cli", ["-s", server.socket] + query.command)
        let processes = try alternate(
            repetitions, own: { try runTime(of: own) }, peer: { try runTime(of: peer) })
        add(
            processes, figure: "whole process", peer: "redis-cli \(query.command[0])", unit: .milliseconds,
            targets: query.targets, to: rows)

        var connection = try server.connect()
        let queries = try alternate(
            repetitions, own: { try time { try query.body() } },
            peer: {
                try time {
                    var writer = RESPWriter(capacity: 256)
                    writer.begin(arguments: query.command.count)
                    for argument in query.command { writer.add(argument) }
                    try connection.send(writer)
                    _ = try connection.receive()
                }
            })
        add(queries, figure: "open connection", peer: query.command[0], unit: .microseconds, to: rows)
    }

    private func add(
        _ times: (own: Latencies, peer: Latencies), figure: String, peer: String, unit: Unit, targets: [Target] = [],
        to rows: SubjectRows
    ) {
        let scale: Double = unit == .milliseconds ? 1e6 : 1e3
        for (name, percent) in [("p50", 50.0), ("p99", 99.0)] {
            rows.add(
                "\(figure) \(name)", value: times.own.percentile(percent) / scale, unit: unit,
                peer: Row.Peer(peer, times.peer.percentile(percent) / scale), targets: percent == 50 ? targets : [])
        }
    }

    /// Measures two operations alternately. Each operation returns nanoseconds.
    private func alternate(
        _ repetitions: Int, own: () throws -> Int64, peer: () throws -> Int64
    ) throws -> (own: Latencies, peer: Latencies) {
        var times = (own: Latencies(), peer: Latencies())
        // The first run of each is not recorded, because its caches are cold.
        _ = try own()
        _ = try peer()
        for _ in 0..<repetitions {
            times.own.record(try own())
            times.peer.record(try peer())
        }
        return times
    }

    private func runTime(of process: TimedProcess) throws -> Int64 {
        let times = try process.run()
        return times.end - times.start
    }

    private func time(_ body: () throws -> Void) rethrows -> Int64 {
        let start = Clock.now
        try body()
        return Clock.now - start
    }
}

extension RedisConnection {
    /// Returns the first experiment of a sorted set.
    fileprivate consuming func first(of key: String) throws -> ExperimentID {
        var connection = self
        var reply = try connection.call("ZRANGE", key, "0", "0")
        guard let text = try reply.strings().first ?? nil, let id = ExperimentID(text) else {
            throw BenchError("\(key) is empty")
        }
        return id
    }
}
