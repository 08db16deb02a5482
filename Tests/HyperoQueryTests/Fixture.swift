import HyperoQuery
import HyperoRedis
import HyperoSchema
import Synchronization
import TestSupport

/// A writer of keys in the format of the ingest. Each fixture has its own namespace on a server that the tests share.
final class Fixture {
    static let shared = Result { try RedisServer(appendOnly: true) }
    private static let fixtureCount = Atomic<Int>(0)

    let server: RedisServer
    let namespace: String
    let partitions: Int
    let keyspaces: [Keyspace]
    private var connection: RedisConnection
    private var writer = RESPWriter()

    /// 2025-11-23 12:00:00 UTC.
    static let noon: Int64 = 1_763_899_200_000

    /// A time in 2100, as the time of the latest event of an experiment that is never lost: its age is `now`.
    static let future = "4102444800000"

    /// A store whose present is a time.
    func store(now: Int64 = Fixture.noon, lostAfter: Duration = .seconds(180)) throws -> Store {
        let store = try Store(server.url, namespace: namespace, lostAfter: lostAfter)
        store.clock = { now }
        return store
    }

    init(partitions: Int = 1, on server: RedisServer? = nil, namespace: String? = nil) throws {
        self.server = try server ?? Self.shared.get()
        self.partitions = partitions
        self.namespace = namespace ?? "test\(Self.fixtureCount.add(1, ordering: .relaxed).newValue)"
        keyspaces = try Keyspace.all(namespace: self.namespace, partitions: partitions)
        connection = try RedisConnection.open(to: RedisURL(self.server.url), name: "fixture")
    }

    /// Adds a command to those that ``commit()`` sends.
    func write(_ arguments: String...) {
        write(arguments)
    }

    func write(_ arguments: [String]) {
        writer.begin(arguments: arguments.count)
        for argument in arguments { writer.add(argument) }
    }

    /// Sends the added commands.
    ///
    /// - Throws: the first error reply.
    func commit() throws {
        try connection.send(writer)
        for _ in 0..<writer.commands {
            let reply = try connection.receive()
            if let error = reply.error { throw error }
        }
        writer.removeAll()
    }

    @discardableResult
    func battery(
        _ name: String, version: Int = 1, description: String = "", objective: String = "valid",
        direction: Direction = .max, more: KeyValuePairs<String, String> = [:]
    ) -> BatteryID {
        let id = BatteryID(name: name, version: version, description: description)
        for keyspace in keyspaces {
            write("ZADD", keyspace.batteries, "\(Self.noon + Int64(version))", id.text)
            write(
                "HSET", keyspace.battery(id), BatteryField.name, name, BatteryField.version, "\(version)",
                BatteryField.description, description, BatteryField.objective, objective, BatteryField.direction,
                direction.rawValue, BatteryField.created, "\(Self.noon + Int64(version))", BatteryField.updated,
                "\(Self.noon + 60_000)")
            for (name, value) in more { write("HSET", keyspace.battery(id), name, value) }
        }
        return id
    }

    /// Returns the partition of an experiment. The text of its id before the last hyphen is the producer.
    func keyspace(of experiment: String) -> Keyspace {
        let producer = ProducerID(String(experiment[..<(experiment.lastIndex(of: "-") ?? experiment.endIndex)]))!
        return keyspaces[Keyspace.partition(of: producer, among: partitions)]
    }

    func experiment(
        _ text: String, of battery: BatteryID, maxima: KeyValuePairs<String, String> = [:], epoch: Int? = 7,
        params: KeyValuePairs<String, String> = [:], meta: KeyValuePairs<String, String> = [:], status: String = "done",
        more: KeyValuePairs<String, String> = [:], curve: [Int: String] = [:], started: Int64 = Fixture.noon
    ) {
        let id = ExperimentID(text)!
        let keyspace = keyspace(of: text)
        write("ZADD", keyspace.experiments(of: battery), "\(started)", text)
        var fields = [
            ExperimentField.battery, battery.text, ExperimentField.status, status, ExperimentField.started,
            "\(started)", ExperimentField.updated, "\(Self.noon + 754_000)",
        ]
        var columns: [String] = []
        for (channel, value) in maxima {
            columns += [Prefix.max + channel]
            fields += [Prefix.max + channel, value]
            if let number = Double(value), number.isFinite {
                write("ZADD", keyspace.rank(of: battery, by: channel), value, text)
            }
        }
        if let epoch, !maxima.isEmpty {
            fields += [ExperimentField.maxEpoch, "\(epoch)", ExperimentField.maxSource, "curve"]
        }
        for (name, value) in params {
            columns += [Prefix.param + name]
            fields += [Prefix.param + name, value]
        }
        for (name, value) in meta {
            columns += [Prefix.meta + name]
            fields += [Prefix.meta + name, value]
        }
        for (name, value) in more { fields += [name, value] }
        for row in curve.values {
            columns += (CurveRow(text: row)?.cells ?? []).map { Prefix.curve + $0.channel }
        }
        for column in columns { write("ZADD", keyspace.columns(of: battery), "NX", "\(Self.noon)", column) }
        write(["HSET", keyspace.experiment(id)] + fields)
        for (epoch, row) in curve { write("HSET", keyspace.curve(of: id), "\(epoch)", row) }
    }

    /// Runs hypero-query on the namespace.
    func query(_ arguments: String..., environment: [String: String] = [:]) throws -> ChildProcess.Outcome {
        try query(arguments, environment: environment)
    }

    /// Runs hypero-query on the namespace.
    func query(
        _ command: String, _ arguments: [String], environment: [String: String] = [:]
    ) throws -> ChildProcess.Outcome {
        try query([command] + arguments, environment: environment)
    }

    private func query(_ arguments: [String], environment: [String: String]) throws -> ChildProcess.Outcome {
        var variables = ["TZ": "UTC", "LC_ALL": "C.UTF-8", "HYPERO_REDIS": server.url, "HYPERO_NAMESPACE": namespace]
        variables.merge(environment) { $1 }
        return try ChildProcess.run(
            "hypero-query", arguments, environment: variables)
    }

    /// Returns the standard output of hypero-query. Throws if it fails or prints a message other than a note.
    func output(_ arguments: [String]) throws -> String {
        let outcome = try ChildProcess.run(
            "hypero-query", arguments + ["--namespace", namespace],
            environment: ["TZ": "UTC", "LC_ALL": "C.UTF-8", "HYPERO_REDIS": server.url])
        let messages = outcome.stderr.split(separator: "\n").filter { !$0.hasPrefix("hypero-query: note: ") }
        guard outcome.succeeded, messages.isEmpty else {
            throw TestFailure("\(arguments): \(outcome.ending) \(outcome.stderr)")
        }
        return outcome.stdout
    }
}
