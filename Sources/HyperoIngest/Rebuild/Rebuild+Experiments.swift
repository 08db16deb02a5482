import HyperoRedis
import HyperoSchema

extension Rebuild {
    /// The number of entries of rankings per transaction. Redis adds about a thousand per millisecond.
    private static let maxEntries = 2_000

    /// The changes of some experiments.
    private struct Batch {
        var hashes: [Change] = []
        var listed: [BatteryID: [String]] = [:]
        var ranked: [String: [String]] = [:]
        var counts = RebuildSummary()

        var entryCount: Int { ranked.reduce(0) { $0 + $1.value.count / 2 } }

        func changes(in keyspace: Keyspace) -> [Change] {
            hashes
                + listed.sorted { $0.key.text < $1.key.text }.map {
                    Change(
                        count: .listed, command: "ZADD", key: keyspace.experiments(of: $0.key),
                        arguments: ["CH"] + $0.value)
                }
                + ranked.sorted { ExactText($0.key) < ExactText($1.key) }.map {
                    Change(count: .ranked, command: "ZADD", key: $0.key, arguments: ["CH"] + $0.value)
                }
        }
    }

    /// The size of hashes in bytes after which no further hash is kept. The others are read again.
    private static let maxHashBytes = 16 << 20

    /// Derives the keys of experiments: HGETALL experiment, HSCAN curve, then HSET experiment, HDEL experiment, ZADD experiments CH,
    /// ZADD rank:<channel> CH.
    ///
    /// - Returns: the experiments to read again, because the hashes of the others are large; nil if the state must be read again, or
    ///   if a shutdown is requested.
    mutating func derive(
        _ ids: [ExperimentID], fence: inout Fence, over connection: inout RedisConnection
    ) throws(RedisError) -> [ExperimentID]? {
        var batch = Batch()
        let (hashes, unread) = try hashes(of: ids, over: &connection)
        for (id, hash) in hashes {
            guard let text = hash[ExactText(ExperimentField.battery)], let owner = BatteryID(text) else {
                if battery == nil { batch.counts[.nameless] += 1 }
                continue
            }
            guard battery == nil || battery == owner else { continue }
            guard let curve = try curve(of: id, hash: hash, in: owner, fence: &fence, over: &connection) else {
                return nil
            }
            batch.counts[.experiments] += 1
            var hash = hash
            if curve.digest.highestEpoch == nil, hash[ExactText(ExperimentField.epochs)] != nil {
                fail(
                    "derive the maxima of",
                    RedisError(
                        .noSuchKey,
                        "\(keyspace.curve(of: id)): another client has removed it. The values in the hash stay"))
            } else if curve.digest.decidesMaxima, curve.isReadable {
                correct(&hash, of: id, by: curve.digest, in: &batch)
            }
            add(hash, of: id, in: owner, to: &batch)
            try note(hash, curve.digest.channels, in: owner, over: &connection)
            guard batch.entryCount >= Self.maxEntries else { continue }
            guard try commit(batch, fence: &fence, over: &connection) else { return nil }
            batch = Batch()
        }
        return try commit(batch, fence: &fence, over: &connection) ? unread : nil
    }

    private mutating func commit(
        _ batch: Batch, fence: inout Fence, over connection: inout RedisConnection
    ) throws(RedisError) -> Bool {
        let changes = batch.changes(in: keyspace)
        guard !changes.isEmpty else {
            summary += batch.counts
            return true
        }
        return try commit(changes, fence: &fence, over: &connection, counts: batch.counts)
    }

    /// Reads hashes. Those that are missing, of another type or too large are left out.
    private mutating func hashes(
        of ids: [ExperimentID], over connection: inout RedisConnection
    ) throws(RedisError) -> (hashes: [(ExperimentID, [ExactText: String])], unread: [ExperimentID]) {
        var writer = RESPWriter()
        for id in ids { writer.command("HGETALL", keyspace.experiment(id)) }
        try connection.send(writer)
        var hashes: [(ExperimentID, [ExactText: String])] = []
        var unread: [ExperimentID] = []
        var bytes = 0
        var firstError: RedisError?
        for id in ids {
            var reply = try connection.receive(within: .hash)
            if let error = reply.error {
                if error.code == .wrongType {
                    fail("read", error.naming(key: keyspace.experiment(id), expected: .hash))
                } else {
                    firstError = firstError ?? error
                }
                continue
            }
            guard reply.isComplete else {
                fail("read", RedisError(.other, "\(keyspace.experiment(id)) has more than 32 MiB"))
                continue
            }
            guard bytes <= Self.maxHashBytes else {
                unread.append(id)
                continue
            }
            bytes += reply.byteCount
            let pairs = try reply.pairs()
            guard !pairs.isEmpty else { continue }
            hashes.append((id, Dictionary(pairs.map { (ExactText($0.name), $0.value) }) { $1 }))
        }
        if let firstError { throw firstError }
        return (hashes, unread)
    }

    // MARK: - The curve

    private struct ReadCurve {
        var digest: CurveDigest
        var isReadable = true
    }

    /// Reads a whole curve. The lease is renewed meanwhile.
    ///
    /// - Returns: nil if the state must be read again, or if a shutdown is requested.
    private mutating func curve(
        of id: ExperimentID, hash: [ExactText: String], in owner: BatteryID, fence: inout Fence,
        over connection: inout RedisConnection
    ) throws(RedisError) -> ReadCurve? {
        let objective = try objective(of: owner, over: &connection)
        let key = keyspace.curve(of: id)
        var scan = CurveScan(key: key, reader: CurveDigest(objective: objective, hash: hash))
        do {
            while !scan.isComplete {
                try scan.readPart(over: &connection)
                guard !isShutdownRequested() else { return nil }
                if fence.isDue, try !fence.renew(over: &connection) { return nil }
            }
        } catch {
            guard error.code == .wrongType else { throw error }
            fail("read", error.naming(key: key, expected: .hash))
            return ReadCurve(digest: scan.reader, isReadable: false)
        }
        return ReadCurve(digest: scan.reader)
    }

    /// Returns the objective of a battery: HMGET battery objective direction. Nil if it is not declared.
    mutating func objective(
        of id: BatteryID, over connection: inout RedisConnection
    ) throws(RedisError) -> CurveDigest.Objective? {
        if let known = objectives[id] { return known }
        var reply = try connection.call(
            "HMGET", keyspace.battery(id), BatteryField.objective, BatteryField.direction)
        if let error = reply.error, error.code != .wrongType { throw error }
        let values = reply.error == nil ? try reply.strings(count: 2) : [nil, nil]
        // As the ingest reads them.
        let direction = values[1].flatMap { Direction(rawValue: $0) } ?? .max
        let objective = values[0].map { CurveDigest.Objective(channel: $0, direction: direction) }
        objectives[id] = .some(objective)
        return objective
    }

    // MARK: - The changes

    /// Corrects the fields that follow from the curve and the stated maxima.
    private func correct(
        _ hash: inout [ExactText: String], of id: ExperimentID, by curve: CurveDigest, in batch: inout Batch
    ) {
        let stated = hash[ExactText(ExperimentField.maxStated)].flatMap { StatedRow(text: $0) }
        let differences = DerivedMaxima(curve: curve, stated: stated).differences(from: hash)
        guard !differences.isEmpty else { return }
        let key = keyspace.experiment(id)
        batch.counts[.values] += 1
        var (set, removed): ([String], [String]) = ([], [])
        for (name, value) in differences {
            hash[ExactText(name)] = value
            if let value { set += [name, value] } else { removed.append(name) }
        }
        if !set.isEmpty { batch.hashes.append(Change(count: nil, command: "HSET", key: key, arguments: set)) }
        if !removed.isEmpty { batch.hashes.append(Change(count: nil, command: "HDEL", key: key, arguments: removed)) }
    }

    private mutating func add(
        _ hash: [ExactText: String], of id: ExperimentID, in owner: BatteryID, to batch: inout Batch
    ) {
        if let started = hash[ExactText(ExperimentField.started)].flatMap({ Int64($0) }) {
            batch.listed[owner, default: []] += [String(started), id.text]
        }
        for (channel, number) in DerivedMaxima.ranked(in: hash) {
            // Redis rejects a score that underflows to zero, such as 1e-999; Swift parses it as zero.
            let score = number.value == 0 ? "0" : number.text
            batch.ranked[keyspace.rank(of: owner, by: channel), default: []] += [score, id.text]
        }
    }

    /// Notes what an experiment says about its battery: times, and the columns that Redis lacks.
    private mutating func note(
        _ hash: [ExactText: String], _ channels: Set<ExactText>, in owner: BatteryID,
        over connection: inout RedisConnection
    ) throws(RedisError) {
        // Removed, so that the sets have one owner and are not copied.
        var noted = batteries.removeValue(forKey: owner) ?? FoundBattery()
        let started = hash[ExactText(ExperimentField.started)].flatMap { Int64($0) }
        let updated = hash[ExactText(ExperimentField.updated)].flatMap { Int64($0) }
        noted.started = [noted.started, started].compactMap(\.self).min()
        noted.updated = [noted.updated, updated].compactMap(\.self).max()
        let known: Set<ExactText>
        if let columns = noted.columns { known = columns } else { known = try columns(of: owner, over: &connection) }
        noted.columns = known
        let time = started ?? updated ?? 0
        for column in DerivedMaxima.columns(of: hash) + channels.map({ Prefix.curve + $0.text })
        where !known.contains(ExactText(column)) {
            noted.missing[ExactText(column)] = min(noted.missing[ExactText(column)] ?? time, time)
        }
        batteries[owner] = noted
    }

    /// Reads the columns of a battery: ZRANGE columns 0 -1.
    private mutating func columns(
        of id: BatteryID, over connection: inout RedisConnection
    ) throws(RedisError) -> Set<ExactText> {
        let key = keyspace.columns(of: id)
        var reply = try connection.call("ZRANGE", key, "0", "-1")
        if let error = reply.error {
            guard error.code == .wrongType else { throw error }
            return []
        }
        return Set(try reply.strings().compactMap { $0.map { ExactText($0) } })
    }
}
