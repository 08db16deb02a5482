import HyperoSchema

/// The memory of Redis, a client and the ingest.
///
/// *Redis, per experiment*: the growth of `used_memory` while the ingest applies experiments with ten hyper-parameters and
/// three maxima, divided by their number. The figure includes the rankings, lists and columns, but not the stream. The
/// ingest trims the stream to nothing, and the remaining size of the stream is a separate figure.
///
/// *Redis, per row*: the difference between experiments of many epochs and as many experiments of one epoch, divided by the
/// number of rows. The values have three decimal places, as most accuracies do, or the full precision of a double. The
/// text of a row is part of the contract: three channels of three decimals and their epoch need 37 bytes, which malloc
/// rounds up.
///
/// Two limits of Redis convert a curve from a listpack to a hash table, in which a row needs 60 bytes more:
/// `hash-max-listpack-entries` (128 epochs) and `hash-max-listpack-value` (64 bytes). Higher limits are not recommended. With
/// 512 and 128, a row of full doubles needs 83 bytes instead of 128 at 500 epochs, but 4.2 µs of Redis instead of 2.0 µs,
/// because Redis searches a listpack from its start.
///
/// Beyond its own text, an experiment needs its entries in four sorted sets: the rankings of three channels and the list of
/// the battery. Each entry needs 120 bytes for a skip list node, a hash table entry and the member. The experiment's hash
/// is a listpack of 24 fields with their names, about 500 bytes. The key of the hash needs 60 bytes.
///
/// *Client* and *ingest*: ten million rows of experiments with a hundred epochs pass through them. The client's first figure
/// is the peak of its memory that is not backed by a file. The second is its resident memory at the end, which includes the
/// program's code but not the mapped journal.
struct MemorySection: Section {
    func run(_ plan: Plan, report: Report) throws {
        try measureExperiments(plan, report: report)
        try measureRows(plan, report: report)
        try measureProcesses(plan, report: report)
    }

    private func measureExperiments(_ plan: Plan, report: Report) throws {
        let experiments = plan.divided(100_000, atLeast: 100)
        report.progress("memory: \(NumberText.grouped(experiments)) experiments")
        let memory = try redisMemory(
            of: Backlog(experiments: experiments, parameters: 10, hasMaxima: true, hasEnd: true, isDeclaredOnce: true))
        let rows = report.rows(
            of: "Redis, \(NumberText.grouped(experiments)) experiments of 10 parameters and 3 maxima", in: .memory)
        rows.add(
            "per experiment", value: memory.indexes / Double(experiments), unit: .bytes,
            targets: [Targets.experimentBytes])
        rows.add("stream after trimming", value: memory.stream / 1_048_576, unit: .mebibytes)
    }

    private func measureRows(_ plan: Plan, report: Report) throws {
        for (epochs, count) in [(100, 1_000), (1_000, 200)] {
            for decimals in [3, nil] {
                let experiments = plan.divided(count, atLeast: 20)
                let precision = decimals.map { "\($0) decimals" } ?? "full precision"
                report.progress("memory: rows of \(epochs) epochs, \(precision)")
                let one = try redisMemory(of: Backlog(experiments: experiments, epochs: 1, decimals: decimals))
                let all = try redisMemory(of: Backlog(experiments: experiments, epochs: epochs, decimals: decimals))
                report.rows(
                    of: "Redis, rows of 3 channels, \(NumberText.grouped(epochs)) epochs per experiment", in: .memory
                ).add(
                    "per row, \(precision)",
                    value: (all.indexes - one.indexes) / Double(experiments * (epochs - 1)), unit: .bytes,
                    targets: decimals == nil ? [] : [Targets.rowBytes])
            }
        }
    }

    private func measureProcesses(_ plan: Plan, report: Report) throws {
        let count = plan.divided(10_000_000, atLeast: 1_000)
        let subject = "\(NumberText.grouped(count)) rows through a client and an ingest"
        report.progress("memory: \(subject)")
        let load = try MemoryLoad(rows: count)
        let rows = report.rows(of: subject, in: .memory)
        rows.add(
            "client, peak not backed by a file", value: Double(load.clientAnonymous) / 1_048_576, unit: .mebibytes,
            targets: [Targets.clientMemory])
        rows.add(
            "client without the journal", value: Double(load.clientWithoutJournal) / 1_048_576, unit: .mebibytes)
        rows.add(
            "ingest, peak", value: Double(load.ingestPeak) / 1_048_576, unit: .mebibytes,
            targets: [Targets.ingestMemory])
    }

    /// Returns the growth of Redis memory in bytes after a backlog is applied, split into the indexes and the stream.
    private func redisMemory(of backlog: Backlog) throws -> (indexes: Double, stream: Double) {
        let server = try BenchServer()
        let before = try server.info("used_memory", in: "memory")
        try backlog.write(to: server)
        _ = try Drain(server, retain: 0)
        let stream = Double(try server.integer("MEMORY", "USAGE", server.keyspace.events, "SAMPLES", "0"))
        return (try server.info("used_memory", in: "memory") - before - stream, stream)
    }
}
