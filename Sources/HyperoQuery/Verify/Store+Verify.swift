import HyperoRedis
import HyperoSchema

extension Store {
    /// Checks that the keys of batteries agree with each other, as the ingest keeps them.
    ///
    ///     let verification = try store.verify("digits mlp")
    ///     for difference in verification.differences { print(difference.key, difference.message) }
    ///
    /// The lists of batteries and experiments have the times of their hashes, the rankings have the finite values of the hashes,
    /// the values are those of the learning curves' best epochs, and the lists of columns have the fields of the hashes and the
    /// channels of the curves. A whole verification also looks for keys of experiments and batteries that do not exist, and for
    /// producers and deleted ids that never expire. It only reads.
    ///
    /// The ingest may work meanwhile: a difference is read again, until the hash is the same before and after it, and only then
    /// reported. An experiment that changes at every attempt is left out.
    ///
    /// All hashes and learning curves are read. The memory does not depend on the number of experiments. If a partition does not answer,
    /// the verification begins again without it, and has a warning.
    ///
    /// - Parameters:
    ///   - name: the battery's name, or its id; nil for all batteries.
    ///   - version: the battery's version; nil for all versions of the name.
    ///   - limit: the number of differences at which the verification ends, 1 to 100,000.
    ///   - progress: called after each chunk, with the number of experiments so far and of all.
    /// - Throws: ``QueryError`` of category ``QueryError/Category/notFound`` if the battery or version does not exist, and of the
    ///   other categories if an argument is out of range or Redis fails.
    public func verify(
        _ name: String? = nil, version: Int? = nil, limit: Int = 100,
        progress: (_ count: Int, _ of: Int) -> Void = { _, _ in }
    ) throws(QueryError) -> Verification {
        try check(limit: limit)
        connections.wrongTypes = WrongTypes(isRecording: true)
        defer { connections.wrongTypes = WrongTypes() }
        return try answer { () throws(QueryError) in
            // The differences of batteries say what these warnings say.
            var replaced: [String] = []
            var warnings: [String] = []
            let batteries =
                if let name { try storedBatteries(of: name, version: version, warnings: &replaced) } else {
                    try storedBatteries(warnings: &replaced)
                }
            let all = name == nil ? try partitions(warnings: &warnings) : []
            warnings += leftOutPartitions.sentences.filter { !warnings.contains($0) }
            let verifier = Verifier(store: self, batteries: batteries, isWhole: name == nil, limit: limit)
            verifier.warnings = warnings
            return try verifier.run(in: name == nil ? all : Self.partitions(of: batteries), progress: progress)
        }
    }

    private static func partitions(of batteries: [StoredBattery]) -> [Keyspace] {
        Set(batteries.flatMap(\.keyspaces)).sorted { $0.tag < $1.tag }
    }
}

/// One verification.
final class Verifier {
    let store: Store
    /// The batteries that are verified, without those whose hash is missing.
    let batteries: [StoredBattery]
    /// True if all batteries of the partitions are verified, with the keys that belong to none.
    let isWhole: Bool
    private let limit: Int
    /// The batteries by their ids.
    let stored: [BatteryID: StoredBattery]
    private(set) var differences: [Difference] = []
    private var known: Set<KnownDifference> = []
    var warnings: [String] = []
    /// The batteries that were checked.
    var checked: Set<BatteryID> = []
    var experimentCount = 0
    var rankingCount = 0
    var producerCount = 0
    var curveGroup = CurveGroup()

    /// The number of times that a difference is read again while its hash changes.
    static let maxAttempts = 16

    init(store: Store, batteries: [StoredBattery], isWhole: Bool, limit: Int) {
        self.store = store
        self.batteries = batteries
        self.isWhole = isWhole
        self.limit = limit
        stored = Dictionary(batteries.map { ($0.id, $0) }) { first, _ in first }
    }

    /// True if there are as many differences as the limit.
    var isFull: Bool { differences.count >= limit }

    /// Returns whether the keys of a battery are verified.
    func includes(_ battery: BatteryID) -> Bool { isWhole || stored[battery] != nil }

    /// The parts of a difference by which two checks find the same one.
    private struct KnownDifference: Hashable {
        let key: String
        let field: String?
        let message: String
    }

    /// Records a difference that was read twice, unless another check has found it.
    func add(_ difference: Difference) {
        guard !isFull else { return }
        let isNew = known.insert(
            KnownDifference(key: difference.key, field: difference.field, message: difference.message)
        ).inserted
        if isNew { differences.append(difference) }
    }

    /// Records the keys of another type that the commands so far have read. Their warnings say no more.
    private func addWrongTypes() {
        for key in store.connections.wrongTypes.keys where !isFull {
            let (keyspace, text) = (key.keyspace, key.key)
            let owner = { (prefix: String) in
                text.dropping(prefix: prefix).map { String($0.prefix { $0 != ":" }) }
            }
            add(
                Difference(
                    check: .types, partition: keyspace.tag, battery: owner(keyspace.batteryPrefix),
                    experiment: owner(keyspace.experimentPrefix), key: text,
                    message:
                        "\(printable(text, limit: 200)) holds a value of another type, and cannot be read: rename or delete it"
                ))
            let warning = WrongTypes.warning(of: text)
            warnings.removeAll { $0 == warning }
        }
    }

    func run(in keyspaces: [Keyspace], progress: (Int, Int) -> Void) throws(QueryError) -> Verification {
        for battery in batteries { checkDeclarations(of: battery) }
        for keyspace in keyspaces where !isFull { try checkBatteries(in: keyspace) }
        let total = try listedCount()
        for battery in batteries where !isFull {
            let counts = try checkExperiments(of: battery) { progress(min($0, total), total) }
            if !isFull { try checkRankings(of: battery, counts: counts) }
            addWrongTypes()
        }
        for keyspace in keyspaces where !isFull {
            try checkKeys(in: keyspace)
            if isWhole, !isFull { try checkDeleted(in: keyspace) }
        }
        addWrongTypes()
        try warnOfCommands(in: keyspaces)
        return Verification(
            differences: differences, isLimited: isFull, batteryCount: checked.count, experimentCount: experimentCount,
            rankingCount: rankingCount, producerCount: producerCount, warnings: warnings)
    }

    /// Returns the number of members of the lists of experiments: ZCARD experiments.
    private func listedCount() throws(QueryError) -> Int {
        var pipeline = CommandPipeline()
        let sizes = batteries.flatMap { battery in
            battery.keyspaces.map { pipeline.append("ZCARD", $0.experiments(of: battery.id), in: $0, as: .count) }
        }
        try store.connections.run(pipeline)
        var total = 0
        for size in sizes { total += try size.valueIfAvailable() ?? 0 }
        return total
    }

    /// Adds a warning if commands of an operator wait: a deletion removes the keys of a battery in several transactions.
    private func warnOfCommands(in keyspaces: [Keyspace]) throws(QueryError) {
        guard !differences.isEmpty else { return }
        var pipeline = CommandPipeline()
        let lengths = keyspaces.map { pipeline.append("XLEN", $0.control, in: $0, as: .count) }
        try store.connections.run(pipeline)
        for (keyspace, length) in zip(keyspaces, lengths) where try length.valueIfPermitted() ?? 0 > 0 {
            warnings.append(
                "commands in \(keyspace.control) are not carried out yet, and may end some of the differences: verify again "
                    + "after them")
        }
    }

    /// Reads a value, or adds a warning and returns the fallback if the key has another type.
    func value<Value>(of reply: PendingReply<Value>, or fallback: Value) throws(QueryError) -> Value {
        // A command that the server does not know would make every key differ.
        if let refusal = reply.refusal { throw refusal }
        return try reply.value(or: fallback, warnings: &warnings)
    }

    func score(_ reply: PendingReply<String?>) throws(QueryError) -> Double? {
        try value(of: reply, or: nil).flatMap { Double($0) }
    }

    /// Reads a time of a deletion in Unix milliseconds.
    func time(_ reply: PendingReply<String?>) throws(QueryError) -> Int64? {
        try score(reply).flatMap { Int64(exactly: $0.rounded()) }
    }
}
