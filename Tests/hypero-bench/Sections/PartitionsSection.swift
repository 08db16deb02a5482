import Glibc
import HyperoRedis
import HyperoSchema
import TestSupport

/// The rate at which an ingest applies the backlogs of 1, 2 and 4 partitions in a Redis Cluster of four primaries, beside that of one
/// partition on one server, with the same number of events in all.
///
/// All processes share the cores of one machine, so that the rate grows with the partitions only as far as there are cores: one for
/// each busy primary, and one for the ingest. On more machines it is bounded by the processor time per event, which the section
/// prints too. It must not grow with the number of partitions.
struct PartitionsSection: Section {
    func run(_ plan: Plan, report: Report) throws {
        let single = try (1...plan.repetitions).map { _ in
            report.progress("partitions: one server")
            return try PartitionedDrain(1, of: [try RedisServer(configuration: Self.settings)], plan: plan)
        }.sorted { $0.seconds < $1.seconds }
        let reference = single[single.count / 2]
        add(reference, to: report.rows(of: "one partition on one server", in: .partitions), beside: nil)
        for count in [1, 2, 4] {
            let drains = try (1...plan.repetitions).map { _ in
                report.progress("partitions: \(count) in a cluster")
                let nodes = try RedisServer.startCluster(primaries: 4, hasReplicas: false, configuration: Self.settings)
                return try PartitionedDrain(count, of: nodes, plan: plan)
            }.sorted { $0.seconds < $1.seconds }
            let rows = report.rows(
                of: "\(count) partition\(count == 1 ? "" : "s") in a cluster of 4 primaries", in: .partitions)
            add(drains[drains.count / 2], to: rows, beside: reference)
        }
    }

    private static let settings = ["auto-aof-rewrite-percentage 0"]

    private func add(_ drain: PartitionedDrain, to rows: SubjectRows, beside reference: PartitionedDrain?) {
        func peer(_ value: KeyPath<PartitionedDrain, Double>) -> Row.Peer? {
            reference.map { Row.Peer("one server", $0[keyPath: value]) }
        }
        rows.add("rate", value: drain.rate, unit: .eventsPerSecond, peer: peer(\.rate))
        rows.add(
            "Redis' main threads per event", value: drain.redisMicroseconds, unit: .microseconds,
            peer: peer(\.redisMicroseconds))
        rows.add(
            "ingest per event", value: drain.ingestMicroseconds, unit: .microseconds, peer: peer(\.ingestMicroseconds))
        rows.add("primaries with a partition", value: Double(drain.primaries), unit: .servers)
    }
}

/// A run of `hypero-ingest --drain` for several partitions, and its cost.
private struct PartitionedDrain {
    /// The run time of the whole process, in seconds.
    let seconds: Double
    let rate: Double
    let redisMicroseconds: Double
    let ingestMicroseconds: Double
    /// The number of servers that own a partition.
    let primaries: Int

    init(_ partitions: Int, of nodes: [RedisServer], plan: Plan) throws {
        let url = nodes[0].tcpURL ?? nodes[0].url
        let backlog = Backlog(
            experiments: max(plan.experiments / partitions, 1), epochs: max(plan.events / plan.experiments - 2, 1))
        for keyspace in try Keyspace.all(partitions: partitions) {
            // The primaries have equal shares of the slots. A server without a cluster answers with an error.
            let slot = Int(nodes[0].cli("CLUSTER", "KEYSLOT", keyspace.events)) ?? 0
            let owner = nodes[slot * nodes.count / 16_384]
            var connection = try RedisConnection.open(
                to: try RedisURL(owner.url), name: "bench", timeout: .seconds(120))
            var written = 0
            try backlog.write(to: keyspace.events, after: &written, over: &connection)
        }
        primaries = try nodes.count { try Self.number("keys", in: "keyspace", of: $0) > 0 }
        let before = try nodes.map(Self.mainThreadSeconds).reduce(0, +)
        let childrenBefore = ProcessTime.endedChildrenSeconds
        let start = ContinuousClock.now
        let ingest = try ChildProcess(
            "hypero-ingest",
            ["run", "--drain", "--redis", url, "--partitions", "\(partitions)", "--log-level", "error"])
        let ending = ingest.wait()
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        // Before a server ends, whose time would count too.
        let ingestSeconds = ProcessTime.endedChildrenSeconds - childrenBefore
        guard ending == .exited(0) else { throw BenchError("hypero-ingest --drain failed: \(ingest.stderr)") }
        let events = Double(backlog.events * partitions)
        self.seconds = seconds
        rate = events / seconds
        redisMicroseconds = (try nodes.map(Self.mainThreadSeconds).reduce(0, +) - before) * 1e6 / events
        ingestMicroseconds = ingestSeconds * 1e6 / events
    }

    private static func mainThreadSeconds(of node: RedisServer) throws -> Double {
        try number("used_cpu_user_main_thread", in: "cpu", of: node)
            + number("used_cpu_sys_main_thread", in: "cpu", of: node)
    }

    /// Returns a number from a section of INFO; 0 if the field does not exist.
    private static func number(_ name: String, in section: String, of node: RedisServer) throws -> Double {
        // db0:keys=12,expires=0
        let fields = node.cli("INFO", section).split { $0.isNewline || $0 == "," }
        let text = fields.lazy.compactMap { field -> Substring? in
            let field = field.hasPrefix("db0:") ? field.dropFirst(4) : field
            guard field.hasPrefix(name), let separator = field.dropFirst(name.count).first, ":=".contains(separator)
            else {
                return nil
            }
            return field.dropFirst(name.count + 1)
        }.first
        return text.flatMap { Double($0) } ?? 0
    }
}
