import Glibc
import HyperoCore
import HyperoRedis
import HyperoSchema
import Logging
import Synchronization

/// The archive of a partition's entries: copies the applied ones from the stream to files, before the owner trims them.
///
///     XRANGE events (<archived> <applied> COUNT n  ->  append, fdatasync  ->  archived
///
/// The thread of the archiver reads and writes, so that a slow disk does not delay the events. The owner tells it how far it has
/// applied, and trims no entry that is not archived. If the disk is full, the entries stay in Redis, up to
/// ``maxUnarchived`` of them or until Redis is out of memory. What is trimmed then is recorded as a gap.
///
/// Commands of operators are written by the owner, before it carries them out.
final class Archiver: Sendable {
    private struct State {
        /// The last entry that the owner has applied.
        var applied = StreamID.zero
        /// The last entry that is archived; nil until the files were read.
        var archived: StreamID?
        /// The last entry that was trimmed before it was archived; zero if there is none to record.
        var lost = StreamID.zero
        /// The last entry that an XTRIM of unknown outcome may remove; zero for none.
        var trimming = StreamID.zero
        /// The command that was recorded last, with the last entry before it.
        var command: (id: StreamID, after: StreamID)?
        var isStarted = false
        var isStopping = false
        var isStopped = false
    }

    private let keyspace: Keyspace
    private let redis: RedisURL
    private let logger: Logger
    private let state = Mutex(State())
    /// Held while records are written, also by the owner for a command.
    private let folder: Mutex<ArchiveFolder>

    /// The number of applied entries that stay in the stream besides those to be retained, while they cannot be archived.
    static let maxUnarchived = 1_000_000
    /// The time between two looks for applied entries.
    private static let interval: Duration = .milliseconds(500)
    init(_ path: String, keyspace: Keyspace, redis: RedisURL, logger: Logger) {
        self.keyspace = keyspace
        self.redis = redis
        self.logger = logger
        folder = Mutex(ArchiveFolder(path, tag: keyspace.tag))
    }

    // MARK: - For the owner

    /// The last entry that is archived; zero if none is.
    var archived: StreamID { state.withLock { $0.archived ?? .zero } }

    /// Records that the entries up to an id are applied. Starts the thread at the first call.
    func recordApplied(_ id: StreamID) {
        let starts = state.withLock { state in
            state.applied = id
            defer { state.isStarted = true }
            return !state.isStarted
        }
        guard starts else { return }
        let code = NamedThread.start("archive") { [self] in run() }
        guard code != 0 else { return }
        logger.error("cannot start the thread of the archive: entries are not archived")
        state.withLock { $0.isStopped = true }
    }

    /// Waits until the entries that are applied are archived, for at most a time.
    ///
    /// - Returns: whether they are.
    @discardableResult
    func wait(atMost duration: Duration) -> Bool {
        let deadline = MonotonicTime.now + duration
        while state.withLock({ !$0.isStopped && ($0.archived == nil || $0.archived ?? .zero < $0.applied) }) {
            guard .now < deadline else { return false }
            usleep(2_000)
        }
        return true
    }

    /// Records that the entries up to an id are about to be trimmed, although some of them may not be archived. Those that are read
    /// meanwhile may have a gap, and are read again after it.
    func beginTrimming(through id: StreamID) {
        state.withLock { $0.trimming = max($0.trimming, id) }
    }

    /// Records the outcome of the XTRIM. Does nothing if none was announced.
    ///
    /// - Parameter mayHaveRemoved: true if entries were removed, or if the reply is lost.
    func endTrimming(mayHaveRemoved: Bool) {
        state.withLock { state in
            let id = state.trimming
            state.trimming = .zero
            if mayHaveRemoved, state.archived ?? .zero < id { state.lost = max(state.lost, id) }
        }
    }

    /// Writes a command, before it is carried out. If it cannot be written, it is carried out all the same.
    ///
    /// - Parameter applied: the last entry that is applied.
    func record(_ command: ControlEvent, id: StreamID, after applied: StreamID) {
        // Not once per attempt, while the server refuses it.
        guard state.withLock({ $0.command.map { $0 != (id, applied) } ?? true }) else { return }
        var records = ArchiveBuffer()
        records.add(command, id: id, after: applied)
        do {
            try append(records, at: id.milliseconds)
            state.withLock { $0.command = (id, applied) }
        } catch {
            logger.error("command \(id) is not archived, so that a replay does not carry it out: \(error.description)")
        }
    }

    /// Archives what is applied, and ends the thread. Waits for it for at most a time.
    func finish(atMost duration: Duration) {
        let deadline = MonotonicTime.now + duration
        state.withLock { $0.isStopping = true }
        while state.withLock({ $0.isStarted && !$0.isStopped }), .now < deadline { usleep(5_000) }
    }

    // MARK: - The thread

    private func run() {
        defer { state.withLock { $0.isStopped = true } }
        let limitedLogger = RateLimitedLogger(logger)
        var reader: EntryReader?
        while true {
            do {
                if state.withLock({ $0.archived == nil }) {
                    let last = try folder.withLock { folder throws(ArchiveError) in try folder.lastEntry() }
                    state.withLock { $0.archived = last }
                }
                try recordLoss(limitedLogger)
                let (archived, applied) = state.withLock { ($0.archived ?? .zero, $0.applied) }
                if archived < applied {
                    let current = try reader ?? EntryReader(redis, keyspace: keyspace)
                    reader = current
                    try archiveNext(after: archived, through: applied, from: current, limitedLogger)
                    limitedLogger.resolved("archive", "archiving entries of \(keyspace.events)")
                    continue
                }
            } catch {
                reader = nil
                limitedLogger.defect(
                    "archive",
                    "cannot archive entries of \(keyspace.events), which stay in Redis until they can be archived or are more "
                        + "than \(Self.maxUnarchived): \((error as? RedisError)?.report ?? "\(error)")", level: .error)
                if state.withLock({ $0.isStopping }) { return }
            }
            if state.withLock({ $0.isStopping && $0.archived ?? .zero >= $0.applied }) { return }
            let deadline = MonotonicTime.now + Self.interval
            while !state.withLock({ $0.isStopping }), .now < deadline { usleep(20_000) }
        }
    }

    private func append(_ records: ArchiveBuffer, at time: UInt64) throws(ArchiveError) {
        try folder.withLock { folder throws(ArchiveError) in try folder.append(records, at: time) }
    }

    /// Writes the gap of entries that were trimmed before they were archived.
    private func recordLoss(_ logger: RateLimitedLogger) throws(ArchiveError) {
        let (archived, lost) = state.withLock { ($0.archived ?? .zero, $0.lost) }
        guard lost > archived else { return }
        var records = ArchiveBuffer()
        records.add(gapAfter: archived, through: lost)
        try append(records, at: lost.milliseconds)
        logger.event(
            "entries of \(keyspace.events) between \(archived) and \(lost) were trimmed before they were archived: a replay "
                + "lacks them", level: .error)
        state.withLock { state in
            state.archived = max(state.archived ?? .zero, lost)
            if state.lost == lost { state.lost = .zero }
        }
    }

    /// Archives the next entries up to an id.
    private func archiveNext(
        after archived: StreamID, through applied: StreamID, from reader: EntryReader, _ logger: RateLimitedLogger
    ) throws {
        var part = try reader.entries(after: archived, through: applied)
        let (trimming, lost) = state.withLock { ($0.trimming, $0.lost) }
        guard max(trimming, lost) <= archived else {
            // The next attempt begins after the gap, if there is one.
            if trimming > archived { usleep(2_000) }
            return
        }
        var last = part.last
        if let tooLarge = part.tooLarge {
            logger.event(
                "entry \(tooLarge) of \(keyspace.events) has more than \(ArchiveRecord.maxContent >> 21) MiB and is not archived",
                level: .error)
            last = tooLarge
            part.records.add(gapAfter: archived, through: tooLarge)
            part.time = tooLarge.milliseconds
        }
        if !part.records.isEmpty { try append(part.records, at: part.time) }
        // Without entries, those that were applied are gone: another ingest has archived and trimmed them, or a client has.
        let position = last ?? applied
        state.withLock { $0.archived = position }
    }
}

/// The reader of applied entries, with a connection of its own.
private final class EntryReader {
    /// The entries of one read.
    struct Part {
        var records = ArchiveBuffer()
        /// The last entry; nil if there is none.
        var last: StreamID?
        /// The time of the last entry in Unix milliseconds.
        var time: UInt64 = 0
        /// An entry that is beyond the bounds; nil if there is none.
        var tooLarge: StreamID?
    }

    private let keyspace: Keyspace
    private var connection: RedisConnection
    private var count = 1_000

    private static let maxCount = 10_000
    private static let bytes = (1 << 20)...(8 << 20)
    private static let bounds = ReplyBounds(
        maxTextBytes: ArchiveRecord.maxContent / 4, maxTotalBytes: ArchiveRecord.maxContent / 2)

    init(_ redis: RedisURL, keyspace: Keyspace) throws(RedisError) {
        self.keyspace = keyspace
        connection = try RedisConnection.open(to: redis, key: keyspace.events, name: "hypero-archive")
    }

    /// Reads entries: XRANGE events (id id COUNT n. Those of one day only, because each day has files of its own.
    ///
    /// - Throws: an error of the connection if the server has not all that was applied: it may have become a replica that lags.
    func entries(after archived: StreamID, through applied: StreamID) throws(RedisError) -> Part {
        var part = Part()
        var isCurrent = false
        while true {
            var writer = RESPWriter(capacity: 256)
            writer.command(
                "XRANGE", keyspace.events, archived.next.description, applied.description, "COUNT", String(count))
            try connection.send(writer)
            var reply = try connection.receive(within: Self.bounds)
            if let error = reply.error { throw error.naming(key: keyspace.events, expected: .stream) }
            guard reply.isComplete else {
                if count == 1 {
                    _ = try reply.array()
                    _ = try reply.array()
                    part.tooLarge = try reply.bytes().flatMap { StreamID($0) }
                    guard part.tooLarge != nil else { throw RedisError(.connection, "invalid reply to XRANGE") }
                    return part
                }
                count = max(count / 16, 1)
                continue
            }
            if reply.byteCount < Self.bytes.lowerBound { count = min(count * 2, Self.maxCount) }
            if reply.byteCount > Self.bytes.upperBound { count = max(count / 2, 1) }
            var fields: [WireField] = []
            var day: UInt64?
            let received = try reply.array() ?? 0
            if received == 0, !isCurrent {
                try checkIsCurrent(through: applied)
                // Entries may have arrived in between.
                isCurrent = true
                continue
            }
            for _ in 0..<received {
                _ = try reply.array()
                guard let id = try reply.bytes().flatMap({ StreamID($0) }) else {
                    throw RedisError(.connection, "invalid reply to XRANGE: an entry without an id")
                }
                let dayOfEntry = id.milliseconds / 86_400_000
                guard day ?? dayOfEntry == dayOfEntry else { break }
                day = dayOfEntry
                try reply.fields(into: &fields)
                fields.withUnsafeBufferPointer { part.records.add(entry: id, fields: $0) }
                (part.last, part.time) = (id, id.milliseconds)
            }
            withExtendedLifetime(reply) {}
            return part
        }
    }

    /// Checks that the stream has had an entry: XINFO STREAM events.
    private func checkIsCurrent(through id: StreamID) throws(RedisError) {
        let last = try connection.streamInfo(of: keyspace.events).get().lastID ?? .zero
        guard last < id else { return }
        throw RedisError(
            .connection,
            "\(keyspace.events) ends at \(last) and not at \(id): the server is a replica that lags, or lost them")
    }
}
