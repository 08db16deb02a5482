import HyperoRedis
import HyperoSchema
import Logging

/// The reader of the dead letters that a transaction of unknown outcome may have left unwritten.
///
/// The transaction itself was applied, because the cursor is the one that it wrote. A command in it fails if its key has
/// a value of another type, and the reply that reported this is lost. So the entries are read again, and those whose
/// keys have another type become dead letters, unless the dead letter is there already. An entry whose key has another
/// type, but was not changed by that entry, may get a dead letter too: to requeue it is harmless.
struct UnconfirmedReader {
    let checkpoints: CheckpointReader
    let unconfirmed: Unconfirmed
    let isShutdownRequested: () -> Bool

    private var keyspace: Keyspace { checkpoints.keyspace }
    private var logger: RateLimitedLogger { checkpoints.logger }

    /// The number of entries per read.
    private static let partCount = 1_024

    /// Returns the dead letters to write.
    ///
    /// The stream of dead letters may be long, so the lease is renewed while it is read.
    ///
    /// - Parameter known: the dead letters in the memory of this process, which has sent the transaction or an earlier one.
    /// - Returns: nil if the state must be read again, or if a shutdown is requested.
    func missingDeadLetters(
        known: PendingDeadLetters, fence: inout Fence, over connection: inout RedisConnection
    ) throws(RedisError) -> PendingDeadLetters? {
        // Another owner has handled those of an earlier transaction, or has applied the same entries after Redis had lost it.
        var letters = PendingDeadLetters()
        if known.source?.isSameTransaction(as: unconfirmed) == true {
            letters = known.filtered { !unconfirmed.isDuplicate($0) }
        }
        if letters.isEmpty {
            guard let suspected = try suspectedDeadLetters(fence: &fence, over: &connection) else { return nil }
            letters = suspected
        }
        letters.source = unconfirmed
        guard !letters.isEmpty else { return letters }
        guard let written = try writtenDeadLetters(of: Set(letters.entryIDs), fence: &fence, over: &connection) else {
            return nil
        }
        letters = letters.filtered { !written.contains($0) }
        if !letters.isEmpty {
            logger.event(
                "\(letters.entryIDs.count) entries of \(keyspace.events) were not applied completely by a transaction whose "
                    + "reply was lost. They become dead letters", level: .error)
        }
        return letters
    }

    /// Renews the lease if it is due. The fence then watches another state, which must be the one that was read.
    ///
    /// - Returns: false if the state has changed, or if a shutdown is requested.
    private func mayContinue(_ fence: inout Fence, over connection: inout RedisConnection) throws(RedisError) -> Bool {
        guard !isShutdownRequested() else { return false }
        guard fence.isDue else { return true }
        guard try fence.renew(over: &connection) else { return false }
        // A requeue may have taken its entries out of `unconfirmed`.
        return try checkpoints.cursor(over: &connection).1 == unconfirmed
    }

    /// Reads the entries of the transaction again: XREAD COUNT n STREAMS events id, then TYPE of their keys and HGETALL of
    /// their experiments.
    private func suspectedDeadLetters(
        fence: inout Fence, over connection: inout RedisConnection
    ) throws(RedisError) -> PendingDeadLetters? {
        var letters = PendingDeadLetters()
        var after = unconfirmed.from
        while after < unconfirmed.to {
            guard try mayContinue(&fence, over: &connection) else { return nil }
            var writer = RESPWriter(capacity: 256)
            writer.addRead(after: after, count: Self.partCount, block: nil, in: keyspace)
            try connection.send(writer)
            let reply = try XReadReply(try connection.receive(within: XReadReply.bounds), from: keyspace.events)
            var batch = try reply.decoded()
            guard let last = batch.items.last?.id else { break }
            after = last
            batch.items.removeAll { $0.id > unconfirmed.to }
            for group in try suspects(in: batch, reply: reply, over: &connection) { letters.add(group) }
        }
        return letters
    }

    /// Returns the dead letters of the entries that cannot have been applied.
    private func suspects(
        in batch: DecodedBatch, reply: XReadReply, over connection: inout RedisConnection
    ) throws(RedisError) -> [PendingDeadLetters.Group] {
        let experiments = try experiments(of: batch, over: &connection)
        var keys = KeyTypes()
        let touched = batch.items.map { keys.indexes(of: touchedKeys(of: $0, in: batch, experiments: experiments)) }
        try keys.read(over: &connection, logger: logger)
        // The counters include the entries that the transaction has rejected as dead, and the others as applied.
        var (rejected, failed) = ([FoldResult.DeadLetter](), [FoldResult.DeadLetter]())
        for (index, item) in batch.items.enumerated() where !unconfirmed.isDuplicate(item.id) {
            if case .rejected(let rejection) = item.content {
                rejected.append(FoldResult.DeadLetter(item: index, reason: batch.rejections[rejection].description))
            } else if let reason = rejectionReason(of: item, in: batch, experiments: experiments, keys: keys) {
                rejected.append(FoldResult.DeadLetter(item: index, reason: reason))
            } else if let failure = touched[index].lazy.compactMap({ keys.failure(at: $0) }).first {
                failed.append(FoldResult.DeadLetter(item: index, reason: failure))
            }
        }
        return [
            PendingDeadLetters.Group(batch: batch, reply: reply, letters: failed, isCounted: false),
            PendingDeadLetters.Group(batch: batch, reply: reply, letters: rejected, isCounted: true),
        ]
    }

    private struct ExperimentFields {
        var battery: String?
        /// The channels of the maxima.
        var channels: [String] = []
    }

    private func experiments(
        of batch: DecodedBatch, over connection: inout RedisConnection
    ) throws(RedisError) -> [ExperimentFields] {
        var experiments: [ExperimentFields] = []
        for start in stride(from: 0, to: batch.experiments.count, by: 64) {
            let part = batch.experiments[start..<min(start + 64, batch.experiments.count)]
            var writer = RESPWriter()
            for id in part { writer.command("HGETALL", keyspace.experiment(id)) }
            try connection.send(writer)
            var firstError: RedisError?
            for _ in part {
                var reply = try connection.receive(within: XReadReply.bounds)
                var fields = ExperimentFields()
                if let error = reply.error {
                    if error.code != .wrongType { firstError = firstError ?? error }
                } else if reply.isComplete {
                    for (name, value) in try reply.pairs() {
                        if name == ExperimentField.battery { fields.battery = value }
                        if let channel = name.dropping(prefix: Prefix.max) { fields.channels.append(channel) }
                    }
                }
                experiments.append(fields)
            }
            if let firstError { throw firstError }
        }
        return experiments
    }

    /// Returns the reason why the transaction did not apply an entry and wrote its dead letter; nil for other entries.
    private func rejectionReason(
        of item: DecodedBatch.Item, in batch: DecodedBatch, experiments: [ExperimentFields], keys: KeyTypes
    ) -> String? {
        let subjects = item.subjects
        guard subjects.experiment >= 0 else { return nil }
        let id = batch.batteries[subjects.battery]
        if keys.isMissing(keyspace.battery(id)) { return Fold.undeclared(id) }
        guard let battery = experiments[subjects.experiment].battery, battery != id.text else { return nil }
        return Fold.wrongBattery(id, of: batch.experiments[subjects.experiment], in: battery)
    }

    /// Returns the keys that an entry may have changed, with their types.
    private func touchedKeys(
        of item: DecodedBatch.Item, in batch: DecodedBatch, experiments: [ExperimentFields]
    ) -> [(key: String, type: String)] {
        let subjects = item.subjects
        guard subjects.battery >= 0 else { return [] }
        let battery = batch.batteries[subjects.battery]
        var keys = [(keyspace.battery(battery), "hash")]
        if subjects.producer >= 0 { keys.append((keyspace.producer(batch.producers[subjects.producer]), "hash")) }
        guard subjects.experiment >= 0 else {
            guard case .event(let index) = item.content, let search = batch.events[index].body.search else {
                return keys + [(keyspace.batteries, "zset")]
            }
            return keys + [(keyspace.search(search), "hash"), (keyspace.searches(of: battery), "zset")]
        }
        let experiment = batch.experiments[subjects.experiment]
        keys += [(keyspace.experiment(experiment), "hash"), (keyspace.experiments(of: battery), "zset")]
        if batch.hasRows(item) { keys.append((keyspace.curve(of: experiment), "hash")) }
        let columns = batch.columns(of: item)
        if !columns.isEmpty { keys.append((keyspace.columns(of: battery), "zset")) }
        if batch.mayRank(item) {
            // A row that makes its epoch the best also ranks the channels of the row's earlier parts.
            let stated = columns.compactMap { $0.dropping(prefix: Prefix.max) }
            for channel in stated + experiments[subjects.experiment].channels {
                keys.append((keyspace.rank(of: battery, by: channel), "zset"))
            }
        }
        return keys
    }

    /// Reads which entries have a dead letter that was written since the transaction: XRANGE dead time + COUNT n.
    private func writtenDeadLetters(
        of ids: Set<StreamID>, fence: inout Fence, over connection: inout RedisConnection
    ) throws(RedisError) -> Set<StreamID>? {
        var written: Set<StreamID> = []
        var start = "\(max(unconfirmed.since, 0))"
        var count = 16
        while true {
            guard try mayContinue(&fence, over: &connection) else { return nil }
            var writer = RESPWriter(capacity: 256)
            writer.command("XRANGE", keyspace.dead, start, "+", "COUNT", "\(count)")
            try connection.send(writer)
            let bounds = count == 1 ? ReplyBounds.large : XReadReply.bounds
            var reply = try connection.receive(within: bounds)
            if let error = reply.error {
                // Nothing can have been written to a key of another type.
                guard error.code == .wrongType else { throw error }
                return written
            }
            guard reply.isComplete else {
                count = 1
                continue
            }
            let size = reply.byteCount
            let received = try reply.array() ?? 0
            var fields: [WireField] = []
            for _ in 0..<received {
                _ = try reply.array()
                guard let id = try reply.string() else { break }
                start = "(\(id)"
                try reply.fields(into: &fields)
                // The entry may have had fields of this name too.
                let field = fields.last { String(decoding: $0.name, as: UTF8.self) == EventField.deadID }
                if let entry = field.flatMap({ StreamID($0.value) }), ids.contains(entry) { written.insert(entry) }
            }
            withExtendedLifetime(reply) {}
            guard received == count, written.count < ids.count else { return written }
            count = size < 1 << 20 ? 1_024 : 16
        }
    }
}

/// The types of keys, each asked for once.
private struct KeyTypes {
    private var indexes: [ExactText: Int] = [:]
    private var keys: [(key: String, type: String)] = []
    private var found: [String?] = []

    /// Returns the indexes of keys, which are added if they are new.
    mutating func indexes(of touched: [(key: String, type: String)]) -> [Int] {
        touched.map { key, type in
            if let index = indexes[key] { return index }
            indexes[ExactText(key)] = keys.count
            keys.append((key, type))
            return keys.count - 1
        }
    }

    /// Reads the types by TYPE.
    mutating func read(over connection: inout RedisConnection, logger: RateLimitedLogger) throws(RedisError) {
        for start in stride(from: 0, to: keys.count, by: 1_000) {
            let part = keys[start..<min(start + 1_000, keys.count)]
            var writer = RESPWriter()
            for (key, _) in part { writer.command("TYPE", key) }
            try connection.send(writer)
            var error: RedisError?
            for _ in part {
                var reply = try connection.receive()
                error = error ?? reply.error
                found.append(reply.error == nil ? try reply.string() : nil)
            }
            guard let error else { continue }
            guard error.category == .denied else { throw error }
            // The entries were applied, so the ingest goes on.
            logger.event(
                "permission denied: TYPE. Entries that a killed ingest could not apply completely are not found. "
                    + AccountRole.ingest.advice,
                level: .error)
        }
    }

    /// Returns the reason why a key could not be written; nil if it could.
    func failure(at index: Int) -> String? {
        let (key, type) = keys[index]
        guard let found = found[index], found != "none", found != type else { return nil }
        return "cannot write \(key): WRONGTYPE, the key is a \(found) and not a \(type)"
    }

    func isMissing(_ key: String) -> Bool {
        indexes[key].map { found[$0] == "none" } ?? false
    }
}
