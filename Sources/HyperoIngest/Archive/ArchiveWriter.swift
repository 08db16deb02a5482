import Glibc
import HyperoCore
import HyperoRedis
import HyperoSchema
import Logging
import Synchronization

/// The thread of an ``Archiver``, which owns the files and a connection.
final class ArchiveWriter {
    private let archiver: Archiver
    private let logger: RateLimitedLogger
    private var folder: ArchiveFolder
    private var reader: EntryReader?
    /// The series that was named in a record.
    private var announced: UInt64 = 0
    /// The number of commands that the records to write tell.
    private var announcedMark: Archiver.CommandMark?
    /// The time of the records to write in Unix milliseconds.
    private var time: UInt64 = 0
    /// The number of the next entry of a range that has several parts, up to a mark.
    private var range: (mark: Archiver.Mark, next: Int)?
    private var isChecked = false

    /// The time between two looks for applied entries.
    private static let interval: Duration = .milliseconds(500)
    /// The number of entries that are read together, if a mark allows it.
    private static let rangeCount = 10_000
    /// The number of commands that are written together.
    private static let commandCount = 10_000

    init(_ archiver: Archiver) {
        self.archiver = archiver
        logger = RateLimitedLogger(archiver.logger)
        folder = ArchiveFolder(archiver.path, tag: archiver.keyspace.tag)
    }

    private var events: String { archiver.keyspace.events }

    func run() {
        defer { archiver.state.withLock { $0.isStopped = true } }
        while true {
            do {
                try readFolder()
                while try archiveNext() {}
                logger.resolved("archive", "archiving entries of \(events)")
                archiver.state.withLock { state in
                    state.isStuck = false
                    if state.isUpToDate { state.time = WallClock.milliseconds }
                }
                if archiver.state.withLock({ $0.isStopping }) {
                    try folder.finish()
                    return
                }
            } catch {
                reader = nil
                range = nil
                archiver.state.withLock { $0.isStuck = true }
                let commands = archiver.state.withLock { $0.commands.count }
                let suffix = commands > 0 ? ". \(commands) commands are not archived" : ""
                logger.defect(
                    "archive",
                    "cannot archive entries of \(events), which stay in Redis until they can be archived or are more than "
                        + "\(Archiver.maxUnarchived): \((error as? RedisError)?.report ?? "\(error)")\(suffix)",
                    level: .error)
                if archiver.state.withLock({ $0.isStopping }) { return }
            }
            let deadline = MonotonicTime.now + Self.interval
            while archiver.state.withLock({ !$0.isStopping && ($0.commands.isEmpty || $0.isStuck) }), .now < deadline {
                usleep(5_000)
            }
        }
    }

    /// Reads the position of the archive, at first and after a file was removed.
    private func readFolder() throws(ArchiveError) {
        if !folder.isIntact() {
            logger.event(
                "the file of the archive that was written was removed, moved, compressed or changed by another program: beginning another one",
                level: .warning)
            archiver.state.withLock { $0.isFolderRead = false }
        }
        guard !archiver.state.withLock({ $0.isFolderRead }) else { return }
        range = nil
        announced = 0
        // The next file names the newest one of the folder, which another process may have begun after this one's.
        try? folder.finish()
        let last = try folder.lastPosition()
        archiver.state.withLock { state in
            state.archived = last
            state.archivedCommands = folder.commandCount
            state.isFolderRead = true
        }
        markCommands()
    }

    /// Appends records, and checks that they are in a file of the folder.
    private func append(_ records: ArchiveBuffer) throws(ArchiveError) {
        try checkFile()
        try folder.append(records, at: time)
        try checkFile()
    }

    /// Checks that the file that is written is as it was. If not, the folder is read again, so that what is gone is archived again.
    private func checkFile() throws(ArchiveError) {
        guard !folder.isIntact() else { return }
        archiver.state.withLock { $0.isFolderRead = false }
        throw Self.moved
    }

    private static var moved: ArchiveError {
        ArchiveError("the file that was written was removed, moved, compressed or changed by another program")
    }

    /// Adds the series to the records to write, and the number of commands that were carried out, if the file does not name them.
    private func announce(_ series: EntrySeries, in records: inout ArchiveBuffer) {
        time = UInt64(clamping: WallClock.milliseconds)
        if folder.beginsFile(at: time) {
            announced = 0
            markCommands()
        }
        let mark = archiver.state.withLock { $0.commandMark }
        announcedMark = mark?.position.series == series.number ? mark : nil
        guard announced != series.number || announcedMark != nil else { return }
        records.add(series, commands: announcedMark)
    }

    /// Makes the next record of the series name the number of commands, unless one does already.
    private func markCommands() {
        archiver.state.withLock { state in
            guard state.commandMark == nil, let count = state.commandCount, let position = state.position else {
                return
            }
            state.commandMark = Archiver.CommandMark(position: position, count: count)
        }
    }

    /// Records that the records of a series are written.
    private func recordAnnounced(_ series: EntrySeries) {
        announced = series.number
        guard let mark = announcedMark else { return }
        announcedMark = nil
        archiver.state.withLock { state in
            if state.commandMark == mark { state.commandMark = nil }
            state.archivedCommands = max(state.archivedCommands, mark.count)
        }
    }

    /// Archives the commands, what is left of series that have ended, and the next entries.
    ///
    /// - Returns: false if all is archived.
    private func archiveNext() throws -> Bool {
        try readFolder()
        while try writeCommands() {}
        if try endSeries() { return true }
        var hasCommands = false
        let (series, mark, base) = archiver.state.withLock { state -> (EntrySeries?, Archiver.Mark?, Base) in
            guard let series = state.series, state.contradiction == nil else { return (nil, nil, Base()) }
            // Entries that were applied after a command are archived after it.
            hasCommands = !state.commands.isEmpty
            guard !hasCommands else { return (nil, nil, Base()) }
            let base =
                if let archived = state.archived, archived.series == series.number {
                    Base(id: archived.id, count: archived.count)
                } else if let start = state.start { Base(id: start.id, count: start.count) } else { Base() }
            if !isChecked {
                isChecked = true
                if let count = base.count, state.start == nil, let first = state.first,
                    base.id > first.id || count > first.count
                {
                    state.contradiction = first
                    return (nil, nil, base)
                }
            }
            let last = state.marks.lastIndex { $0.id <= base.id }
            if let last, last < state.marks.count - 1 { state.marks.removeFirst(last + 1) }
            guard let first = state.marks.first, first.id > base.id else { return (nil, nil, base) }
            if let range { return (series, range.mark, base) }
            let limit = (base.count ?? .min / 2) + Self.rangeCount
            return (series, state.marks.last { $0.count <= limit } ?? first, base)
        }
        guard let series, let mark else { return hasCommands }
        try archive(series, after: base, through: mark)
        return true
    }

    /// A position after which entries are archived.
    private struct Base {
        var id = StreamID.zero
        /// The number of the entry; nil if it is unknown.
        var count: Int?
    }

    /// Archives the next commands.
    ///
    /// - Returns: true if there are more.
    private func writeCommands() throws(ArchiveError) -> Bool {
        let (commands, lacksCommands, series) = archiver.state.withLock {
            (Array($0.commands.prefix(Self.commandCount)), $0.lacksCommands, $0.series)
        }
        guard !commands.isEmpty || lacksCommands, let series else { return false }
        var records = ArchiveBuffer()
        announce(series, in: &records)
        for command in commands {
            records.add(
                command.event, id: command.id, after: command.position, number: command.number, time: command.time)
        }
        if !records.isEmpty { try append(records) }
        recordAnnounced(series)
        return archiver.state.withLock { state in
            state.commands.removeFirst(commands.count)
            state.archivedCommands = max(state.archivedCommands, commands.compactMap(\.number).max() ?? 0)
            return !state.commands.isEmpty
        }
    }

    /// Records the entries of a series that has ended, which were applied and are not archived, as a gap. The stream may be another
    /// one, whose entries have their ids.
    ///
    /// - Returns: false if no series has ended.
    private func endSeries() throws(ArchiveError) -> Bool {
        let (closing, archived) = archiver.state.withLock { ($0.closings.first, $0.archived) }
        guard let (series, last) = closing else { return false }
        range = nil
        let known = archived.flatMap { $0.series == series.number ? $0.count : nil }
        var records = ArchiveBuffer()
        announce(series, in: &records)
        if known ?? 0 < last.count {
            records.add(gapThrough: last)
            logger.event(
                "the last \(last.count - (known ?? 0)) entries of \(events) before the cursor moved back are not archived: a replay "
                    + "lacks them", level: .error)
        }
        if !records.isEmpty { try append(records) }
        recordAnnounced(series)
        archiver.state.withLock { state in
            _ = state.closings.removeFirst()
            if known ?? 0 < last.count { state.archived = last }
        }
        return true
    }

    /// Archives the next entries of a range.
    private func archive(_ series: EntrySeries, after base: Base, through mark: Archiver.Mark) throws {
        let reader = try self.reader ?? EntryReader(archiver.redis, keyspace: archiver.keyspace)
        self.reader = reader
        var next = range?.next ?? (base.count ?? 0) + 1
        var part = try reader.entries(after: base.id, through: mark.id, series: series.number, first: next)
        if range == nil, !part.isComplete || base.count.map({ part.count != mark.count - $0 }) ?? true {
            try reader.checkIsCurrent(through: mark.id)
            let count = try reader.count(after: base.id, through: mark.id)
            next = mark.count - count + 1
            if next > (base.count ?? 0) + 1 {
                logger.event(
                    "\(next - (base.count ?? 0) - 1) entries of \(events) between \(base.id) and \(mark.id) were removed before they "
                        + "were archived here: a replay lacks them, unless another ingest has archived them",
                    level: .error)
            }
            part = try reader.entries(after: base.id, through: mark.id, series: series.number, first: next)
        }
        var records = ArchiveBuffer()
        announce(series, in: &records)
        let reached = next + part.count - 1
        var position = ArchivePosition(series: series.number, id: part.last ?? base.id, count: reached)
        records.add(part.records)
        if let tooLarge = part.tooLarge {
            logger.event(
                "entry \(tooLarge) of \(events) has a value of more than \(EntryReader.bounds.maxTextBytes >> 20) MiB or more than "
                    + "\(EntryReader.bounds.maxTotalBytes >> 20) MiB, and is not archived", level: .error)
            position.id = tooLarge
            records.add(gapThrough: position)
        }
        if part.isComplete {
            position = ArchivePosition(series: series.number, id: mark.id, count: mark.count)
            if reached != mark.count || part.last != mark.id { records.add(gapThrough: position) }
        }
        if !records.isEmpty { try append(records) }
        recordAnnounced(series)
        range = part.isComplete ? nil : (mark, reached + 1)
        archiver.state.withLock { $0.archived = position }
    }
}
