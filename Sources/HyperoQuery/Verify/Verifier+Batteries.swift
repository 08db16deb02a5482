import HyperoRedis
import HyperoSchema

extension Verifier {
    private static let fields = [
        BatteryField.name, BatteryField.version, BatteryField.description, BatteryField.objective,
        BatteryField.direction, BatteryField.created,
    ]

    /// Checks the list of batteries: ZRANGE batteries 0 -1 WITHSCORES, HMGET battery name ….
    func checkBatteries(in keyspace: Keyspace) throws(QueryError) {
        var pipeline = CommandPipeline()
        let list = pipeline.append("ZRANGE", keyspace.batteries, "0", "-1", "WITHSCORES", in: keyspace, as: .pairs)
        var formats = FormatCheck()
        formats.append(keyspace, to: &pipeline)
        try store.connections.run(pipeline)
        warnings += try formats.warnings()
        pipeline = CommandPipeline()
        var found: [(id: BatteryID, score: Double, hash: PendingReply<[String?]>)] = []
        for (text, score) in try value(of: list, or: []) {
            guard let id = BatteryID(text) else {
                if isWhole {
                    add(
                        difference(
                            text, in: keyspace, key: keyspace.batteries, field: text, found: score,
                            "the list of batteries has '\(printable(text, limit: 80))', which is not an id"))
                }
                continue
            }
            guard includes(id) else { continue }
            let hash = pipeline.append(
                arguments: ["HMGET", keyspace.battery(id)] + Self.fields, in: keyspace, as: .optionalStrings)
            found.append((id, Double(score) ?? .nan, hash))
        }
        try store.connections.run(pipeline)
        checked.formUnion(found.map(\.id))
        for (id, score, hash) in found where !isFull {
            let values = try value(of: hash, or: Self.fields.map { _ in nil })
            guard !differences(of: id, in: keyspace, values: values, score: score).isEmpty else { continue }
            try confirm(id, in: keyspace)
        }
    }

    /// Reads a battery again, and records its differences: HMGET battery, ZSCORE batteries id, HMGET battery, until both hashes are
    /// equal.
    func confirm(_ id: BatteryID, in keyspace: Keyspace) throws(QueryError) {
        for _ in 0..<Self.maxAttempts {
            var pipeline = CommandPipeline()
            let arguments = ["HMGET", keyspace.battery(id)] + Self.fields
            let before = pipeline.append(arguments: arguments, in: keyspace, as: .optionalStrings)
            let score = pipeline.append("ZSCORE", keyspace.batteries, id.text, in: keyspace, as: .string)
            let after = pipeline.append(arguments: arguments, in: keyspace, as: .optionalStrings)
            try store.connections.run(pipeline)
            let values = try value(of: before, or: Self.fields.map { _ in nil })
            guard try value(of: after, or: Self.fields.map { _ in nil }) == values else { continue }
            let listScore = try self.score(score)
            guard !before.isOfWrongType, !score.isOfWrongType else { return }
            // A deletion has removed both.
            guard listScore != nil || values.contains(where: { $0 != nil }) else { return }
            for difference in differences(of: id, in: keyspace, values: values, score: listScore) { add(difference) }
            return
        }
    }

    private func differences(
        of id: BatteryID, in keyspace: Keyspace, values: [String?], score: Double?
    ) -> [Difference] {
        let key = keyspace.battery(id)
        guard values.contains(where: { $0 != nil }) else {
            return [
                difference(
                    id.text, in: keyspace, key: key, field: nil, found: nil,
                    "the list of batteries has the battery, whose hash is missing, so that its experiments are not checked: declare "
                        + "it again, as each training does")
            ]
        }
        let isValid: [(String) -> Bool] = [
            { _ in true }, { Int($0) != nil }, { _ in true }, { _ in true }, { Direction(rawValue: $0) != nil },
            { Int64($0) != nil },
        ]
        let isDeclared = values[3] != nil
        var found: [Difference] = []
        for (index, name) in Self.fields.enumerated() where values[index].map(isValid[index]) != true {
            found.append(
                difference(
                    id.text, in: keyspace, key: key, field: name, found: values[index],
                    isDerivable: name == BatteryField.created && isDeclared,
                    "the field is \(values[index] == nil ? "missing" : "malformed")"))
        }
        guard let created = values[5], let time = Int64(created) else { return found }
        guard score != Double(time) else { return found }
        let state = score.map {
            "has \(ExperimentEvidence.text($0)) as the time of the battery's declaration, and the hash \(time)"
        }
        found.append(
            difference(
                id.text, in: keyspace, key: keyspace.batteries, field: id.text, expected: created,
                found: score.map(ExperimentEvidence.text), isDerivable: isDeclared,
                "the list of batteries \(state ?? "lacks the battery")"))
        return found
    }

    private func difference(
        _ battery: String, in keyspace: Keyspace, key: String, field: String?, expected: String? = nil, found: String?,
        isDerivable: Bool = false, _ message: String
    ) -> Difference {
        Difference(
            check: .batteries, partition: keyspace.tag, battery: battery, experiment: nil, key: key, field: field,
            expected: expected, found: found, message: message, isDerivable: isDerivable)
    }

    /// Checks that the partitions of a battery declare one objective. Each ingest follows the first declaration of its partition.
    func checkDeclarations(of battery: StoredBattery) {
        guard let first = battery.keyspaces.first, let expected = battery.declarations[first]?.text else { return }
        for keyspace in battery.keyspaces.dropFirst() {
            guard let found = battery.declarations[keyspace]?.text, found != expected else { continue }
            add(
                difference(
                    battery.id.text, in: keyspace, key: keyspace.battery(battery.id), field: BatteryField.objective,
                    expected: expected, found: found,
                    "the partitions declare different objectives, \(first.tag) \(printable(expected)) and \(keyspace.tag) "
                        + "\(printable(found)), and each ranks by its own. Declare a new version of the battery"))
        }
    }
}
