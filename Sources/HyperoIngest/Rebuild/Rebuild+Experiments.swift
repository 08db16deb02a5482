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

    /// The number of hashes that are read together. The server keeps the replies that are not read yet in its memory.
    private static let hashCount = 8
    /// The size of hashes in bytes after which no further hash is kept. The others are read again.
    private static let maxHashBytes = 16 << 20

    /// Derives the keys of the next experiments that were found: HGETALL experiment, HSCAN curve, then HSET experiment, HDEL
    /// experiment, ZADD experiments CH, ZADD rank:<channel> CH. Those that are not derived stay in ``found``.
    ///
    /// - Returns: false if the state must be read again, or if a shutdown is requested.
    mutating func deriveFound(fence: inout Fence, over connection: inout RedisConnection) throws(RedisError) -> Bool {
        var rest = Array(found.suffix(Self.groupCount))
        found.removeLast(rest.count)
        var batch = Batch()
        // The experiments of which nothing is written yet.
        var pending: [ExperimentID] = []
        while !rest.isEmpty {
            let part = Array(rest.suffix(Self.hashCount))
            let (hashes, unread) = try hashes(of: part, over: &connection)
            rest.removeLast(part.count)
            rest += unread
            for (index, (id, hash)) in hashes.enumerated() {
                guard try derive(id, hash, into: &batch, fence: &fence, over: &connection) else {
                    found += rest + pending + hashes[index...].map(\.0)
                    return false
                }
                pending.append(id)
                guard batch.entryCount >= Self.maxEntries else { continue }
                guard try commit(batch, fence: &fence, over: &connection) else {
                    found += rest + pending + hashes[(index + 1)...].map(\.0)
                    return false
                }
                (batch, pending) = (Batch(), [])
            }
        }
        guard try commit(batch, fence: &fence, over: &connection) else {
            found += pending
            return false
        }
        return true
    }

    /// Derives the keys of an experiment, and adds their changes to a batch.
    ///
    /// - Returns: false if the state must be read again, or if a shutdown is requested.
    private mutating func derive(
        _ id: ExperimentID, _ read: [ExactText: String], into batch: inout Batch, fence: inout Fence,
        over connection: inout RedisConnection
    ) throws(RedisError) -> Bool {
        var hash = read
        guard let text = hash[ExactText(ExperimentField.battery)], let owner = BatteryID(text) else {
            if battery == nil { batch.counts[.nameless] += 1 }
            return true
        }
        guard battery == nil || battery == owner else { return true }
        guard let curve = try curve(of: id, hash: hash, in: owner, fence: &fence, over: &connection) else {
            return false
        }
        batch.counts[.experiments] += 1
        var differences: [DerivedMaxima.Field] = []
        if curve.isReadable, curve.digest.isLost(by: hash) {
            fail(
                "derive the maxima of",
                RedisError(
                    .noSuchKey, "\(keyspace.curve(of: id)): another client has removed it. The values in the hash stay")
            )
        } else if curve.digest.decidesMaxima, curve.isReadable {
            let stated = hash[ExactText(ExperimentField.maxStated)].flatMap { StatedRow(text: $0) }
            differences = DerivedMaxima(curve: curve.digest, stated: stated).differences(from: hash)
        }
        if hash[ExactText(ExperimentField.started)].flatMap({ Int64($0) }) == nil {
            if let time = try time(of: id, hash, in: owner, over: &connection) {
                differences.append((ExperimentField.started, String(time)))
            } else {
                fail(
                    "list",
                    RedisError(
                        .other,
                        "\(keyspace.experiment(id)): no key has the time of its first event. Set the field "
                            + "\(ExperimentField.started) to Unix milliseconds, and rebuild again"))
            }
        }
        correct(&hash, of: id, in: owner, by: differences, in: &batch)
        add(hash, of: id, in: owner, to: &batch)
        try note(hash, curve.digest.channels, in: owner, over: &connection)
        return true
    }

    /// Returns the time of the first event of an experiment whose hash lacks it: ZSCORE experiments id, else the time of its latest
    /// event; nil if neither is known.
    private func time(
        of id: ExperimentID, _ hash: [ExactText: String], in owner: BatteryID, over connection: inout RedisConnection
    ) throws(RedisError) -> Int64? {
        var reply = try connection.call("ZSCORE", keyspace.experiments(of: owner), id.text)
        if let error = reply.error, error.code != .wrongType { throw error }
        let score = reply.error == nil ? try reply.string().flatMap { Double($0) } : nil
        return score.flatMap { Int64(exactly: $0) } ?? hash[ExactText(ExperimentField.updated)].flatMap { Int64($0) }
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
                fail("read", RedisError(.tooLarge, "\(keyspace.experiment(id)) has more than 32 MiB"))
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
            guard [.wrongType, .tooLarge].contains(error.code) else { throw error }
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
        var writer = RESPWriter(capacity: 256)
        writer.command("HMGET", keyspace.battery(id), BatteryField.objective, BatteryField.direction)
        try connection.send(writer)
        var reply = try connection.receive(within: .fields)
        if let error = reply.error, error.code != .wrongType { throw error }
        // The task of the battery reports a hash that cannot be read.
        let values = reply.error == nil && reply.isComplete ? try reply.strings(count: 2) : [nil, nil]
        // As the ingest reads them.
        let direction = values[1].flatMap { Direction(rawValue: $0) } ?? .max
        let objective = values[0].map { CurveDigest.Objective(channel: $0, direction: direction) }
        objectives[id] = .some(objective)
        return objective
    }

    // MARK: - The changes

    /// Corrects fields of a hash.
    private func correct(
        _ hash: inout [ExactText: String], of id: ExperimentID, in owner: BatteryID,
        by differences: [DerivedMaxima.Field], in batch: inout Batch
    ) {
        guard !differences.isEmpty else { return }
        let key = keyspace.experiment(id)
        batch.counts[.values] += 1
        var (set, removed): ([String], [String]) = ([], [])
        for (name, value) in differences {
            hash[ExactText(name)] = value
            if let value { set += [name, value] } else { removed.append(name) }
        }
        if !set.isEmpty {
            // Each hash has the time of its latest event, so that the number of new fields shows a hash that was removed meanwhile.
            let updated = hash[ExactText(ExperimentField.updated)].map { [ExperimentField.updated, $0] } ?? []
            batch.hashes.append(
                Change(
                    count: nil, command: "HSET", key: key, arguments: updated + set,
                    subject: updated.isEmpty ? nil : .experiment(id, owner)))
        }
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
}
