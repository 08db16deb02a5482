import HyperoSchema

/// What Redis, a client and the ingest hold in memory.
///
/// *Redis, an experiment*: `used_memory` before and after the ingest has applied experiments with ten hyper-parameters and
/// three maxima, divided by their number; so with the rankings, lists and columns, and without the stream, which the
/// ingest was told to trim to nothing; what stays of it is told apart.
///
/// *Redis, a row*: the difference between experiments of so many epochs and as many of one epoch, divided by the rows.
/// Values of three decimal places, as accuracies are mostly given, and such that need all of a double. The text of a row is
/// the contract, and three channels of three decimals with their epoch fill 37 bytes, which malloc rounds up. Two bounds of
/// Redis turn a curve from a list into a table, where a row costs 60 bytes more: `hash-max-listpack-entries` (128 epochs) and
/// `hash-max-listpack-value` (64 bytes). Raised to 512 and 128, a row of whole doubles took 83 bytes instead of 128 at
/// 500 epochs, and 4.2 µs of Redis instead of 2.0, because a list is searched from its front.
///
/// What an experiment costs above its own text is its place in four sorted sets, the rankings of three channels and the
/// list of the battery's: 120 bytes each of a skip list's node, a table's entry and the member. Its hash is a list of 24
/// fields with their names, about 500 bytes; its key another 60.
///
/// *Client* and *ingest*: while ten million rows of experiments of a hundred epochs go through them. The client's is what
/// belongs to no file, at the most; all that is resident at the end but the mapped journal, the program's own code
/// included, stands below it.
struct MemorySection: Section {
    func run(_ plan: Plan, _ report: Report) throws {
        func add(
            _ subject: String, _ figure: String, _ value: Double, _ unit: Unit, _ target: Target? = nil
        ) {
            report.add(
                Row(
                    section: .memory, subject: subject, figure: figure, value: value, unit: unit,
                    targets: target.map { [$0] } ?? []))
        }
        let experiments = plan.divided(100_000, atLeast: 100)
        report.progress("memory: \(NumberText.grouped(experiments)) experiments")
        let searched = try used(
            Backlog(
                experiments: experiments, parameters: 10, hasMaxima: true, hasEnd: true, isDeclaredOnce: true))
        let subject = "Redis, \(NumberText.grouped(experiments)) experiments of 10 parameters and 3 maxima"
        add(subject, "an experiment", searched.bytes / Double(experiments), .bytes, Targets.experimentBytes)
        add(subject, "what stays of the stream", searched.stream / 1_048_576, .mebibytes)

        for (epochs, count) in [(100, 1_000), (1_000, 200)] {
            for decimals in [3, nil] {
                let experiments = plan.divided(count, atLeast: 20)
                let text = decimals.map { "\($0) decimals" } ?? "all of a double"
                report.progress("memory: rows of \(epochs) epochs, \(text)")
                let one = try used(Backlog(experiments: experiments, epochs: 1, decimals: decimals))
                let all = try used(Backlog(experiments: experiments, epochs: epochs, decimals: decimals))
                add(
                    "Redis, rows of 3 channels, \(NumberText.grouped(epochs)) epochs an experiment",
                    "a row, \(text)", (all.bytes - one.bytes) / Double(experiments * (epochs - 1)), .bytes,
                    decimals == nil ? nil : Targets.rowBytes)
            }
        }

        let rows = plan.divided(10_000_000, atLeast: 1_000)
        report.progress("memory: \(NumberText.grouped(rows)) rows through a client and an ingest")
        let sent = try MemoryLoad(rows)
        let processes = "\(NumberText.grouped(rows)) rows through a client and an ingest"
        add(
            processes, "client, of no file, most", Double(sent.clientAnonymous) / 1_048_576, .mebibytes,
            Targets.clientMemory)
        add(processes, "client, all but the journal", Double(sent.clientBeyondJournal) / 1_048_576, .mebibytes)
        add(processes, "ingest, most", Double(sent.ingestPeak) / 1_048_576, .mebibytes, Targets.ingestMemory)
    }

    /// Bytes of Redis' memory that a backlog takes once it is applied.
    private func used(_ backlog: Backlog) throws -> (bytes: Double, stream: Double) {
        let server = try BenchServer()
        let before = try server.info("memory", "used_memory")
        try backlog.write(to: server)
        _ = try Drain(server, retain: 0)
        let stream = Double(try server.count("MEMORY", "USAGE", server.keyspace.events, "SAMPLES", "0"))
        return (try server.info("memory", "used_memory") - before - stream, stream)
    }
}
