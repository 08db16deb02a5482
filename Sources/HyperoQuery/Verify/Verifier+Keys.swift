import HyperoRedis
import HyperoSchema

extension Verifier {
    /// Checks all keys of a partition, for those that no list has: SCAN cursor MATCH tag:* COUNT n.
    func checkKeys(in keyspace: Keyspace) throws(QueryError) {
        var cursor = "0"
        for _ in 0..<Self.maxScans {
            var pipeline = CommandPipeline()
            let reply = pipeline.append(
                "SCAN", cursor, "MATCH", keyspace.tag + ":*", "COUNT", "2000", in: keyspace, as: .scan)
            try store.connections.run(pipeline)
            let page = try value(of: reply, or: ScanReply(cursor: "0", keys: []))
            var keys = FoundKeys()
            for key in page.keys { keys.add(key, in: keyspace) }
            try checkExperiments(keys.experiments, in: keyspace)
            if isWhole { try checkCurves(keys.curves, in: keyspace) }
            try checkKeys(keys.batteryKeys.filter { includes($0.battery) }, in: keyspace)
            if isWhole { try checkProducers(keys.producers, in: keyspace) }
            cursor = page.cursor
            if cursor == "0" || isFull { return }
        }
        throw QueryError(.notReady(reason: "the server has not ended a SCAN after \(Self.maxScans) commands"))
    }

    private static let maxScans = 1_000_000

    /// The keys of one part of a search, by their kind.
    private struct FoundKeys {
        var experiments: [ExperimentID] = []
        var curves: [ExperimentID] = []
        /// The keys of batteries, with the part after the id: empty for the hash.
        var batteryKeys: [(battery: BatteryID, key: String, suffix: String)] = []
        var producers: [String] = []

        mutating func add(_ key: String, in keyspace: Keyspace) {
            if let rest = key.dropping(prefix: keyspace.experimentPrefix) {
                if let id = ExperimentID(rest) { return experiments.append(id) }
                guard let colon = rest.utf8.firstIndex(of: UInt8(ascii: ":")), rest[colon...] == ":curve",
                    let id = ExperimentID(String(rest[..<colon]))
                else { return }
                curves.append(id)
            } else if let rest = key.dropping(prefix: keyspace.batteryPrefix) {
                let end = rest.utf8.firstIndex(of: UInt8(ascii: ":")) ?? rest.endIndex
                guard let id = BatteryID(String(rest[..<end])) else { return }
                batteryKeys.append((id, key, String(rest[end...])))
            } else if key.dropping(prefix: keyspace.tag + ":producer:") != nil {
                producers.append(key)
            }
        }
    }

    // MARK: - Experiments

    /// Checks that the lists of batteries have experiments: HMGET experiment battery, ZSCORE experiments id.
    private func checkExperiments(_ ids: [ExperimentID], in keyspace: Keyspace) throws(QueryError) {
        var pipeline = CommandPipeline()
        let hashes = ids.map { id in
            (
                id,
                pipeline.append(
                    "HMGET", keyspace.experiment(id), ExperimentField.battery, in: keyspace, as: .optionalStrings)
            )
        }
        try store.connections.run(pipeline)
        pipeline = CommandPipeline()
        var listed: [(ExperimentID, BatteryID, PendingReply<Bool>)] = []
        for (id, hash) in hashes where !isFull {
            guard let text = try value(of: hash, or: [nil]).first.flatMap(\.self), let battery = BatteryID(text) else {
                if isWhole { try confirmNameless(id, in: keyspace) }
                continue
            }
            guard includes(battery) else { continue }
            let key = keyspace.experiments(of: battery)
            listed.append((id, battery, pipeline.append("ZSCORE", key, id.text, in: keyspace, as: .isNotNull)))
        }
        try store.connections.run(pipeline)
        for (id, battery, isListed) in listed where !isFull {
            guard try !value(of: isListed, or: true) else { continue }
            experimentCount += 1
            try confirm(id, in: keyspace, of: battery)
        }
    }

    /// Reads an experiment again that does not name its battery: HMGET experiment battery, EXISTS experiment.
    private func confirmNameless(_ id: ExperimentID, in keyspace: Keyspace) throws(QueryError) {
        let key = keyspace.experiment(id)
        var pipeline = CommandPipeline()
        let exists = pipeline.append("EXISTS", key, in: keyspace, as: .integer)
        let hash = pipeline.append("HMGET", key, ExperimentField.battery, in: keyspace, as: .optionalStrings)
        let remains = pipeline.append("EXISTS", key, in: keyspace, as: .integer)
        try store.connections.run(pipeline)
        let battery = try value(of: hash, or: [nil]).first.flatMap(\.self)
        guard !hash.isOfWrongType, try value(of: exists, or: 0) > 0, try value(of: remains, or: 0) > 0,
            battery.flatMap({ BatteryID($0) }) == nil
        else { return }
        add(
            Difference(
                check: .experiments, partition: keyspace.tag, battery: nil, experiment: id.text, key: key,
                field: ExperimentField.battery, expected: nil, found: battery,
                message: "the hash does not name its battery: another client has changed it"))
    }

    /// Checks that curves have experiments: EXISTS experiment.
    private func checkCurves(_ ids: [ExperimentID], in keyspace: Keyspace) throws(QueryError) {
        var pipeline = CommandPipeline()
        let replies = ids.map { id in
            (id, pipeline.append("EXISTS", keyspace.experiment(id), in: keyspace, as: .integer))
        }
        try store.connections.run(pipeline)
        for (id, reply) in replies where !isFull {
            guard try value(of: reply, or: 1) == 0 else { continue }
            pipeline = CommandPipeline()
            let curve = pipeline.append("EXISTS", keyspace.curve(of: id), in: keyspace, as: .integer)
            let hash = pipeline.append("EXISTS", keyspace.experiment(id), in: keyspace, as: .integer)
            let remains = pipeline.append("EXISTS", keyspace.curve(of: id), in: keyspace, as: .integer)
            let deleted = pipeline.append("ZSCORE", keyspace.deleted, id.text, in: keyspace, as: .string)
            try store.connections.run(pipeline)
            guard try value(of: curve, or: 0) > 0, try value(of: remains, or: 0) > 0, try value(of: hash, or: 1) == 0
            else { continue }
            let time = try time(deleted)
            let state = time.map { ", and which was deleted at \(dateText($0))" } ?? ""
            add(
                Difference(
                    check: .remains, partition: keyspace.tag, battery: nil, experiment: id.text,
                    key: keyspace.curve(of: id), field: nil, expected: nil, found: nil,
                    message:
                        "the learning curve is of an experiment whose hash is missing\(state). hypero-ingest delete removes it"
                ))
        }
    }

    // MARK: - Batteries

    /// Checks that keys are of batteries that exist, and rankings of channels that the columns have: EXISTS battery, ZSCORE batteries
    /// id, ZSCORE columns max.<channel>.
    private func checkKeys(
        _ keys: [(battery: BatteryID, key: String, suffix: String)], in keyspace: Keyspace
    ) throws(QueryError) {
        var pipeline = CommandPipeline()
        let replies = keys.map { battery, key, suffix in
            let channel = suffix.dropping(prefix: ":rank:")
            return (
                battery, key, suffix, channel,
                pipeline.append("EXISTS", keyspace.battery(battery), in: keyspace, as: .integer),
                suffix.isEmpty
                    ? pipeline.append("ZSCORE", keyspace.batteries, battery.text, in: keyspace, as: .isNotNull) : nil,
                channel.map {
                    pipeline.append(
                        "ZSCORE", keyspace.columns(of: battery), Prefix.max + $0, in: keyspace, as: .isNotNull)
                }
            )
        }
        try store.connections.run(pipeline)
        for (battery, key, suffix, channel, exists, isListed, hasColumn) in replies where !isFull {
            if let isListed {
                if try !value(of: isListed, or: true) { try confirm(battery, in: keyspace) }
            } else if try value(of: exists, or: 1) == 0 {
                try confirmRemains(key, suffix: suffix, of: battery, in: keyspace)
            } else if let channel, let hasColumn, try !value(of: hasColumn, or: true),
                let stored = stored[battery]
            {
                try checkMembers(of: stored, by: channel)
            }
        }
    }

    /// Reads a key of a battery without a hash again: EXISTS key, EXISTS battery, EXISTS key.
    private func confirmRemains(
        _ key: String, suffix: String, of battery: BatteryID, in keyspace: Keyspace
    ) throws(QueryError) {
        var pipeline = CommandPipeline()
        let exists = pipeline.append("EXISTS", key, in: keyspace, as: .integer)
        let hash = pipeline.append("EXISTS", keyspace.battery(battery), in: keyspace, as: .integer)
        let remains = pipeline.append("EXISTS", key, in: keyspace, as: .integer)
        let deleted = pipeline.append("ZSCORE", keyspace.deleted, battery.text, in: keyspace, as: .string)
        try store.connections.run(pipeline)
        guard try value(of: exists, or: 0) > 0, try value(of: remains, or: 0) > 0, try value(of: hash, or: 1) == 0
        else { return }
        let state =
            try time(deleted).map { "which was deleted at \(dateText($0))" }
            ?? "whose hash is missing: declare the battery again, as each training does"
        add(
            Difference(
                check: .remains, partition: keyspace.tag, battery: battery.text, experiment: nil, key: key, field: nil,
                expected: nil, found: nil, message: "\(printable(key, limit: 200)) is a key of a battery \(state)"))
    }

    // MARK: - Expiries

    /// Checks that keys of producers expire: TTL producer.
    private func checkProducers(_ keys: [String], in keyspace: Keyspace) throws(QueryError) {
        producerCount += keys.count
        var unbounded = keys
        // A key that is written for the first time gets its expiry in the same transaction.
        for _ in 0..<2 where !unbounded.isEmpty {
            var pipeline = CommandPipeline()
            let replies = unbounded.map { ($0, pipeline.append("TTL", $0, in: keyspace, as: .integer)) }
            try store.connections.run(pipeline)
            unbounded = []
            for (key, reply) in replies {
                guard let seconds = try reply.valueIfPermitted() else {
                    let warning = "keys of producers that never expire are not looked for: the account may not run TTL"
                    if !warnings.contains(warning) { warnings.append(warning) }
                    return
                }
                if seconds == -1 { unbounded.append(key) }
            }
        }
        for key in unbounded {
            add(
                Difference(
                    check: .expiry, partition: keyspace.tag, battery: nil, experiment: nil, key: key, field: nil,
                    expected: nil, found: nil,
                    message: "the key of a producer never expires: run EXPIRE \(printable(key, limit: 200)) 2592000"))
        }
    }

    /// Checks the list of deleted ids: ZRANGE deleted start stop WITHSCORES, HMGET experiment battery updated.
    func checkDeleted(in keyspace: Keyspace) throws(QueryError) {
        let size = 1_000
        let latest = Double(store.clock() + Limits.maxTimeAhead)
        var start = 0
        while !isFull {
            var pipeline = CommandPipeline()
            let page = pipeline.append(
                "ZRANGE", keyspace.deleted, String(start), String(start + size - 1), "WITHSCORES", in: keyspace,
                as: .pairs)
            try store.connections.run(pipeline)
            let members = try value(of: page, or: [])
            pipeline = CommandPipeline()
            var hashes: [(ExperimentID, PendingReply<[String?]>)] = []
            for (member, score) in members {
                let time = Double(score) ?? .nan
                if !(time > 0 && time <= latest) {
                    add(
                        Difference(
                            check: .expiry, partition: keyspace.tag, battery: nil, experiment: nil,
                            key: keyspace.deleted, field: member, expected: nil, found: score,
                            message:
                                "the time of the deletion of '\(printable(member, limit: 120))' must be a past time in "
                                + "milliseconds, not \(printable(score)): the id does not expire"))
                }
                guard let id = ExperimentID(member) else { continue }
                let hash = pipeline.append(
                    "HMGET", keyspace.experiment(id), ExperimentField.battery, in: keyspace, as: .optionalStrings)
                hashes.append((id, hash))
            }
            try store.connections.run(pipeline)
            for (id, hash) in hashes where !isFull {
                guard let text = try value(of: hash, or: [nil]).first.flatMap(\.self), let battery = BatteryID(text)
                else { continue }
                try confirm(id, in: keyspace, of: battery)
            }
            guard members.count == size else { return }
            start += size
        }
    }
}
