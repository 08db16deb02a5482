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
/// The thread of the archiver (``ArchiveWriter``) reads and writes, so that a slow disk does not delay the events. The owner tells
/// it how far it has applied, and how many entries these are, and trims no entry that is not archived. If the disk is full, the
/// entries stay in Redis, up to ``maxUnarchived`` of them or until Redis is out of memory. Entries that are missing are noticed by
/// their numbers, also if another client has removed them.
///
/// Commands of operators are handed to the thread once they are carried out, and are kept until they are written: in memory, and in the
/// control stream for the next process.
final class Archiver: Sendable {
    /// An entry with its number in the series.
    struct Mark: Sendable, Hashable {
        let id: StreamID
        let count: Int
    }

    /// A command of an operator with the last entry that was applied before.
    struct Command: Sendable {
        let event: ControlEvent
        let id: StreamID
        let position: ArchivePosition
        /// The number of the command; nil if it is unknown.
        let number: Int?
        /// The time of the command in Unix milliseconds; nil if it is that of the id, or unknown.
        var time: Int64?
    }

    /// The state that the owner and the thread share.
    struct State {
        var series: EntrySeries?
        /// The entry after which the series began; nil if it began in another process.
        var start: Mark?
        /// The position of the owner when it began to work on the series.
        var first: Mark?
        /// The last entries of batches that were applied, ascending. All are in the series.
        var marks: [Mark] = []
        /// The position up to which entries of the series are known to be applied.
        var applied: ArchivePosition?
        /// The series that have ended, with their last entries, until these are archived or recorded as missing.
        var closings: [(series: EntrySeries, last: ArchivePosition)] = []
        /// The position of the archive; nil before the first entry.
        var archived: ArchivePosition?
        var isFolderRead = false
        /// The first position of an owner that the archive was ahead of, for which another series must begin.
        var contradiction: Mark?
        /// The commands that are not written.
        var commands: [Command] = []
        /// The number of commands that this owner has carried out last; nil before its first checkpoint.
        var commandCount: Int?
        /// The number of commands at a position, to be written with the next records.
        var commandMark: CommandMark?
        /// The number of commands that the files of the folder tell.
        var archivedCommands = 0
        /// True if the last attempt to write has failed or takes long.
        var isStuck = false
        /// The last time in Unix milliseconds at which all was archived, or the one of the start.
        var time = Int64(WallClock.milliseconds)
        var isStarted = false
        var isStopping = false
        var isStopped = false

        /// The last entry of the series that is archived.
        var archivedID: StreamID {
            if let archived, archived.series == series?.number { return archived.id }
            return start?.id ?? .zero
        }

        /// True if waiting does not archive more: the owner has not begun or must begin a series, or the archive cannot be written.
        var cannotProceed: Bool { series == nil || contradiction != nil || isStuck || isStopped || !isStarted }

        var isUpToDate: Bool {
            isFolderRead && commands.isEmpty && !lacksCommands && closings.isEmpty && contradiction == nil
                && marks.last.map { $0.id <= archivedID } ?? true
        }
    }

    let path: String
    let keyspace: Keyspace
    let redis: RedisURL
    let logger: Logger
    let state = Mutex(State())

    /// The number of applied entries that stay in the stream besides those to be retained, while they cannot be archived.
    static let maxUnarchived = 1_000_000
    /// The number of commands that are kept while they cannot be written.
    static let maxCommands = 100_000
    private static let maxMarks = 4_096

    init(_ path: String, keyspace: Keyspace, redis: RedisURL, logger: Logger) {
        self.path = path
        self.keyspace = keyspace
        self.redis = redis
        self.logger = logger
    }

    /// Starts the thread, which reads the position of the archive in its folder.
    func start() {
        let isFirst = state.withLock { state in
            defer { state.isStarted = true }
            return !state.isStarted
        }
        guard isFirst else { return }
        let code = NamedThread.start("archive") { [self] in ArchiveWriter(self).run() }
        guard code != 0 else { return }
        logger.error("cannot start the thread of the archive: entries are not archived")
        state.withLock { $0.isStopped = true }
    }

    /// The last entry of the series that is archived; zero if none is.
    var archived: StreamID { state.withLock { $0.archivedID } }

    /// The position up to which the owner has applied; nil before its first transaction.
    var applied: ArchivePosition? { state.withLock { $0.applied } }

    /// True if the archive has more than the server had, so that another series must begin.
    var needsSeries: Bool { state.withLock { $0.contradiction != nil } }

    /// The value of ``IngestField/archived``; nil if nothing was applied.
    var fieldValue: String? {
        state.withLock { state in
            guard let series = state.series else { return nil }
            let count =
                state.archived.flatMap { $0.series == series.number ? $0.count : nil } ?? state.start?.count ?? 0
            return ArchivedField(series: series.number, count: count, time: state.time).description
        }
    }

    /// Returns the position of the archive in its folder, once it was read.
    ///
    /// - Returns: nil if the archive is empty, or if the folder does not answer within a time.
    func position(waitingAtMost duration: Duration) -> ArchivePosition? {
        wait(atMost: duration) { $0.isFolderRead }
        return state.withLock { state in
            guard state.contradiction != nil, let archived = state.archived else { return state.archived }
            return ArchivePosition(series: archived.series, id: .highest, count: archived.count)
        }
    }

    /// Makes the thread read its folder again, because another owner may have archived to it.
    func readFolderAgain() { state.withLock { $0.isFolderRead = false } }

    /// Records the position at which the owner begins, and its series.
    ///
    /// - Parameters:
    ///   - isNew: true if the series begins here.
    ///   - commands: the number of commands that were carried out.
    func begin(_ series: EntrySeries, isNew: Bool, at id: StreamID, count: Int, commands: Int) {
        state.withLock { state in
            let mark = Mark(id: id, count: count)
            let isOther = state.series?.number != series.number
            if isOther {
                if let former = state.series, let last = state.marks.last {
                    state.closings.append(
                        (former, ArchivePosition(series: former.number, id: last.id, count: last.count)))
                }
                state.start = nil
                // What the stream still has of the time before the first series is archived too.
                if isNew, series.former != 0 { state.start = mark }
                if let first = state.contradiction, let last = state.marks.last {
                    state.start = Mark(id: first.id, count: count - (last.count - first.count))
                    _ = state.closings.popLast()
                }
                (state.contradiction, state.series, state.first, state.marks) = (nil, series, mark, [])
            }
            if !state.isFolderRead { state.first = mark }
            if state.marks.last.map({ $0.id < id }) ?? true { state.marks.append(mark) }
            if !isNew { state.applied = ArchivePosition(series: series.number, id: id, count: count) }
            state.markCommands(commands, isNewSeries: isOther)
        }
    }

    /// Records that the entries up to an id are applied.
    ///
    /// - Parameter count: the number of the entries of the series.
    func recordApplied(_ id: StreamID, count: Int) {
        state.withLock { state in
            guard let series = state.series else { return }
            state.applied = ArchivePosition(series: series.number, id: id, count: count)
            guard state.marks.last.map({ $0.id < id }) ?? true else { return }
            state.marks.append(Mark(id: id, count: count))
            guard state.marks.count > Self.maxMarks else { return }
            // The counts between two marks are the sum of those that are left out.
            state.marks =
                state.marks.enumerated().filter { $0.offset % 2 == 1 }.map(\.element) + [state.marks[Self.maxMarks]]
            if state.marks.count > 1, state.marks[state.marks.count - 2] == state.marks.last {
                state.marks.removeLast()
            }
        }
    }

    /// Waits until the entries that are applied are archived, for at most a time.
    ///
    /// - Returns: whether they are.
    @discardableResult
    func wait(atMost duration: Duration) -> Bool { wait(atMost: duration) { $0.isUpToDate } }

    @discardableResult
    func wait(atMost duration: Duration, until condition: (State) -> Bool) -> Bool {
        let deadline = MonotonicTime.now + duration
        while true {
            let (isTrue, isStopped) = state.withLock { (condition($0), $0.isStopped || !$0.isStarted) }
            if isTrue || isStopped { return isTrue }
            guard .now < deadline else { return false }
            usleep(2_000)
        }
    }

    /// Archives what is applied, and ends the thread. Waits for it for at most a time, and logs what is not archived.
    ///
    /// - Returns: whether all is archived.
    @discardableResult
    func finish(atMost duration: Duration) -> Bool {
        state.withLock { $0.isStopping = true }
        wait(atMost: duration) { _ in false }
        let (isUpToDate, commands, archived) = state.withLock {
            ($0.isUpToDate || $0.series == nil, $0.commands.count, $0.archivedID)
        }
        if !isUpToDate {
            logger.error(
                "entries of \(keyspace.events) after \(archived) are not archived. The next ingest archives those that Redis has"
            )
        }
        if commands > 0 {
            logger.error(
                "\(commands) commands are not archived. They stay in \(keyspace.control), and the next ingest with --archive archives them"
            )
        }
        return isUpToDate && commands == 0
    }
}
