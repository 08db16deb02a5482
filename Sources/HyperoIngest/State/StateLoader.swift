import HyperoRedis
import HyperoSchema
import Logging

/// The reader of the state that a fold needs. All lookups are sent in one write, and each has one reply.
///
///     HMGET producer seq time missing          HMGET experiment battery updated status …
///     HMGET battery objective …                ZSCORE battery:experiments experiment
///     HGETALL battery                          HGETALL experiment
///     HGETALL search                           HGETALL experiment                    (at the first row and the end of a trial)
///     HMGET curve epoch …                      ZSCORE deleted id                     (if there are tombstones)
///                                              ZSCORE deleted battery:experiment     (if there are tombstones)
///
/// Of an experiment that begins in the batch, HMGET reads only the two fields that every experiment has. If it exists all the
/// same, for example because a client sends its events again, all of its state is read next. The list of its battery shows
/// whether another client has removed its hash.
///
/// If a key has another type (WRONGTYPE), its subject gets a read error, and the events of the subject become dead
/// letters with this error as the reason; so do the events of a curve with a row that is too large. Any other error is
/// thrown after all replies were read. Whole curves are read by ``CurveScan``, and rungs by ``Pipeline/readRungs(_:in:)``.
struct StateLoader {
    private let readsTombstones: Bool
    private var firstError: RedisError?

    /// The fields that every experiment has. What is left of a removed experiment has the second one, because it is in each
    /// command that writes the hash.
    private static let fieldsOfAll = [ExperimentField.battery, ExperimentField.updated]

    /// - Parameter readsTombstones: true if the partition has deleted experiments or batteries. Without one, they cost no
    ///   command.
    init(readsTombstones: Bool) {
        self.readsTombstones = readsTombstones
    }

    /// The number of rows per command. If they are beyond the bounds, they are read again, each by its own command.
    private static let rowsPerCommand = 32
    /// The bounds of the rows of one command. A row of 1,024 channels may have 300 KiB, and one of many parts any size.
    private static let rowBounds = ReplyBounds(maxTextBytes: 16 << 20, maxTotalBytes: 16 << 20)

    /// Reads the replies to ``appendLookups(for:of:in:to:)``.
    mutating func readReplies(
        for missing: MissingState, of batch: DecodedBatch, into prior: inout PriorState,
        from connection: inout RedisConnection, in keyspace: Keyspace, logger: RateLimitedLogger
    ) throws(RedisError) {
        firstError = nil
        for index in missing.producers {
            let key = keyspace.producer(batch.producers[index])
            prior.producers[index] = try readState(
                of: key, fields: 3, from: &connection, logger: logger, unreadable: Watermark.init(readError:)
            ) {
                Watermark(seq: $0[0], time: $0[1], missing: $0[2])
            }
        }
        for index in missing.batteries {
            try readBattery(index, of: batch, into: &prior, from: &connection, in: keyspace, logger: logger)
            if let time = try readTombstone(from: &connection, in: keyspace) {
                prior.tombstones.insert(batch.batteries[index], at: time)
            }
        }
        try readExperiments(
            missing.experiments, of: batch, into: &prior, from: &connection, in: keyspace, logger: logger)
        for index in missing.searches {
            let key = keyspace.search(batch.searches[index])
            var reply = try connection.receive(within: .hash)
            if let readError = readError(in: reply, key: key, logger: logger) {
                prior.set(SearchState(readError: readError), at: index)
            } else if reply.error == nil {
                guard reply.isComplete else {
                    let error = RedisError(.other, "a hash of more than 32 MiB")
                    prior.set(SearchState(readError: Self.unreadable(key, because: error, logger: logger)), at: index)
                    continue
                }
                prior.set(SearchState(fields: try reply.pairs()), at: index)
            }
        }
        for index in missing.parameters {
            var reply = try connection.receive(within: .hash)
            if let error = reply.error, error.code != .wrongType { firstError = firstError ?? error }
            let fields = reply.error == nil && reply.isComplete ? try reply.pairs() : []
            prior.parameters[index] = fields.filter { PriorState.isParameter($0.name) }
        }
        for index in missing.unlisted {
            let key = keyspace.experiment(batch.experiments[index])
            var reply = try connection.receive(within: .hash)
            if readError(in: reply, key: key, logger: logger) == nil, reply.error != nil { continue }
            let isReadable = reply.error == nil && reply.isComplete
            prior.unlisted[index] = UnlistedExperiment(fields: isReadable ? try reply.pairs() : [])
        }
        let wideRows = prior.wideRows
        for (index, epochs) in missing.sortedRows {
            let key = keyspace.curve(of: batch.experiments[index])
            for epochs in epochs.parts(of: Self.partSize(of: index, wideRows)) {
                try readRows(epochs, of: index, key: key, from: &connection, into: &prior, logger: logger)
            }
        }
        if let firstError { throw firstError }
    }

    /// Appends the commands that read the missing state.
    func appendLookups(
        for missing: MissingState, of batch: DecodedBatch, given prior: PriorState, in keyspace: Keyspace,
        to writer: inout RESPWriter
    ) {
        for index in missing.producers {
            writer.command(
                "HMGET", keyspace.producer(batch.producers[index]), ProducerField.seq, ProducerField.time,
                ProducerField.missing)
        }
        for index in missing.batteries {
            let key = keyspace.battery(batch.batteries[index])
            writer.add("HMGET", key: key, BatteryState.fields)
            writer.command("HGETALL", key)
            if readsTombstones { writer.command("ZSCORE", keyspace.deleted, batch.batteries[index].text) }
        }
        if !missing.experiments.isEmpty {
            let (batteries, areNew) = (batch.batteriesOfExperiments, batch.areNew)
            for index in missing.experiments {
                let id = batch.experiments[index]
                let isProbablyNew = areNew[index] && !prior.existing.contains(index)
                let fields = isProbablyNew ? Self.fieldsOfAll : ExperimentState.fields
                writer.add("HMGET", key: keyspace.experiment(id), fields)
                writer.command("ZSCORE", keyspace.experiments(of: batch.batteries[batteries[index]]), id.text)
                if readsTombstones { writer.command("ZSCORE", keyspace.deleted, id.text) }
            }
            if readsTombstones {
                for naming in batch.namings(of: missing.experiments) {
                    writer.command("ZSCORE", keyspace.deleted, batch.tombstone(of: naming))
                }
            }
        }
        for index in missing.searches { writer.command("HGETALL", keyspace.search(batch.searches[index])) }
        for index in missing.parameters { writer.command("HGETALL", keyspace.experiment(batch.experiments[index])) }
        for index in missing.unlisted { writer.command("HGETALL", keyspace.experiment(batch.experiments[index])) }
        for (index, epochs) in missing.sortedRows {
            for epochs in epochs.parts(of: Self.partSize(of: index, prior.wideRows)) {
                writer.begin(arguments: 2 + epochs.count)
                writer.add("HMGET" as StaticString)
                writer.add(keyspace.curve(of: batch.experiments[index]))
                for epoch in epochs { writer.add(epoch) }
            }
        }
    }

    /// Returns the number of rows of an experiment per command.
    private static func partSize(of experiment: Int, _ wideRows: Set<Int>) -> Int {
        wideRows.contains(experiment) ? 1 : rowsPerCommand
    }

    /// Reads the reply to an HMGET.
    ///
    /// - Parameters:
    ///   - fields: the number of fields of the command.
    ///   - unreadable: makes the state of a subject whose key has another type.
    ///   - make: makes the state from the values of the fields.
    /// - Returns: nil if Redis replied with another error, which is then in `firstError`.
    private mutating func readState<State>(
        of key: String, fields: Int, from connection: inout RedisConnection, logger: RateLimitedLogger,
        unreadable: (String) -> State, from make: ([String?]) -> State
    ) throws(RedisError) -> State? {
        var reply = try connection.receive()
        if let readError = readError(in: reply, key: key, logger: logger) { return unreadable(readError) }
        guard reply.error == nil else { return nil }
        return make(try reply.strings(count: fields))
    }

    /// Reads a battery: the fields that its events need, then the whole hash for the directions of other channels. If the
    /// hash is too large, the directions stay as they are.
    private mutating func readBattery(
        _ index: Int, of batch: DecodedBatch, into prior: inout PriorState, from connection: inout RedisConnection,
        in keyspace: Keyspace, logger: RateLimitedLogger
    ) throws(RedisError) {
        let key = keyspace.battery(batch.batteries[index])
        var state = try readState(
            of: key, fields: BatteryState.fields.count, from: &connection, logger: logger,
            unreadable: BatteryState.init(readError:), from: BatteryState.init(values:))
        var hash = try connection.receive(within: .hash)
        if let error = hash.error, error.code != .wrongType { firstError = firstError ?? error }
        guard hash.error == nil, state != nil, state?.readError == nil else {
            if hash.error == nil || state?.readError != nil { prior.batteries[index] = state }
            return
        }
        let isEmpty: Bool
        if hash.isComplete {
            let fields = try hash.pairs()
            state?.addDirections(from: fields)
            isEmpty = fields.isEmpty
        } else {
            state?.keepsDirections = true
            isEmpty = false
            logger.event("\(key) has more than 32 MiB: new directions of its channels are ignored", level: .warning)
        }
        prior.batteries[index] = state
        if state?.objective == nil, !isEmpty {
            prior.vanished.append(.battery(batch.batteries[index], redeclaration: [], experiments: []))
        }
    }

    /// Reads experiments, and whether the lists of their batteries contain them.
    private mutating func readExperiments(
        _ indexes: [Int], of batch: DecodedBatch, into prior: inout PriorState, from connection: inout RedisConnection,
        in keyspace: Keyspace, logger: RateLimitedLogger
    ) throws(RedisError) {
        guard !indexes.isEmpty else { return }
        let (batteries, areNew) = (batch.batteriesOfExperiments, batch.areNew)
        for index in indexes {
            let (id, battery) = (batch.experiments[index], batch.batteries[batteries[index]])
            let isProbablyNew = areNew[index] && !prior.existing.contains(index)
            let fields = isProbablyNew ? Self.fieldsOfAll : ExperimentState.fields
            var (isHalf, isMissing) = (false, false)
            var state = try readState(
                of: keyspace.experiment(id), fields: fields.count, from: &connection, logger: logger,
                unreadable: ExperimentState.init(readError:),
                from: { values in
                    isMissing = values.allSatisfy { $0 == nil }
                    isHalf = !isMissing && values[0] == nil
                    return isProbablyNew ? ExperimentState() : ExperimentState(values: values)
                })
            var score = try connection.receive()
            // An error of the list, for example of its type, is reported when the list is written.
            let isListed = if score.error == nil { try score.string() != nil } else { Bool?.none }
            // A member of the list without a hash had one. A dead letter that is sent again restores it.
            if isHalf || isMissing && isListed == true && !batch.isRequeued(index) {
                prior.vanished.append(.experiment(id, battery))
            }
            if let time = try readTombstone(from: &connection, in: keyspace) { prior.tombstones.insert(id, at: time) }
            if isProbablyNew, !isMissing, state != nil, state?.readError == nil {
                prior.existing.insert(index)
                continue
            }
            if isListed == false, state?.battery == battery { state?.isListed = false }
            prior.experiments[index] = state
        }
        guard readsTombstones else { return }
        for naming in batch.namings(of: indexes) {
            guard let time = try readTombstone(from: &connection, in: keyspace) else { continue }
            prior.tombstones.insert(
                batch.experiments[naming.experiment], in: batch.batteries[naming.battery], at: time)
        }
    }

    /// Reads the time of a subject's deletion in Unix milliseconds; nil if it was not deleted.
    private mutating func readTombstone(
        from connection: inout RedisConnection, in keyspace: Keyspace
    ) throws(RedisError) -> Int64? {
        guard readsTombstones else { return nil }
        var reply = try connection.receive()
        if let error = reply.error {
            firstError = firstError ?? error.naming(key: keyspace.deleted, expected: .sortedSet)
            return nil
        }
        return try reply.string().map { Tombstones.time(ofScore: $0) }
    }

    private mutating func readRows(
        _ epochs: ArraySlice<Int>, of index: Int, key: String, from connection: inout RedisConnection,
        into prior: inout PriorState, logger: RateLimitedLogger
    ) throws(RedisError) {
        var reply = try connection.receive(within: Self.rowBounds)
        if let readError = readError(in: reply, key: key, logger: logger) {
            prior.experiments[index] = ExperimentState(readError: readError)
        }
        guard reply.error == nil else { return }
        guard reply.isComplete else {
            guard epochs.count == 1 else {
                prior.wideRows.insert(index)
                return
            }
            let error = RedisError(.other, "a row of more than 16 MiB")
            prior.experiments[index] = ExperimentState(readError: Self.unreadable(key, because: error, logger: logger))
            return
        }
        for (epoch, text) in zip(epochs, try reply.strings(count: epochs.count)) {
            prior.rows[index, default: [:]][epoch] = text.flatMap { CurveRow(text: $0) } ?? CurveRow()
        }
    }

    /// Logs and returns the error of a key that has another type (WRONGTYPE); keeps any other error in `firstError`.
    private mutating func readError(in reply: Reply, key: String, logger: RateLimitedLogger) -> String? {
        guard let error = reply.error else { return nil }
        if let readError = Self.readError(from: error, key: key, logger: logger) { return readError }
        firstError = firstError ?? error
        return nil
    }

    /// Logs and returns the error of a key that has another type (WRONGTYPE) or is too large; nil for any other error.
    static func readError(from error: RedisError, key: String, logger: RateLimitedLogger) -> String? {
        [.wrongType, .tooLarge].contains(error.code) ? unreadable(key, because: error, logger: logger) : nil
    }

    private static func unreadable(_ key: String, because error: RedisError, logger: RateLimitedLogger) -> String {
        let readError = "\(key) cannot be read: \(error.description)"
        logger.event("\(readError). Its entries become dead letters", level: .error)
        return readError
    }
}

extension Array {
    /// Returns the elements in slices of at most this size.
    fileprivate func parts(of size: Int) -> some Sequence<ArraySlice<Element>> {
        stride(from: 0, to: count, by: size).lazy.map { self[$0..<Swift.min($0 + size, count)] }
    }
}

extension DecodedBatch {
    fileprivate func tombstone(of naming: Naming) -> String {
        Tombstones.member(for: experiments[naming.experiment], in: batteries[naming.battery])
    }
}

extension MissingState {
    /// The rows of curves, in a fixed order.
    fileprivate var sortedRows: [(experiment: Int, epochs: [Int])] {
        rows.sorted { $0.key < $1.key }.map { (experiment: $0.key, epochs: $0.value.sorted()) }
    }
}
