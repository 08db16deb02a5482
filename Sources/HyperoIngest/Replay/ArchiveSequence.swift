import HyperoSchema

/// The records of the archive files of one partition, in the order in which they took effect.
///
/// The files of several processes may overlap: a successor archives again what its predecessor has archived in another folder.
/// Of several entries with one series and id, the first one counts. Of several records of a command, the last one counts: the owner
/// that wrote it before was killed, or had lost its lease. A file is opened when its first record is due.
///
/// The ids of elements are ascending. An entry of a later series may have a lower id than one before. It gets the next id. Those of
/// entries that the server has are not above its last one.
struct ArchiveSequence: ~Copyable {
    /// An element of the sequence.
    enum Element {
        case entry(StreamID, [ArchiveRecord.Field])
        case command(ControlEvent, StreamID)
        case hole(ArchiveHole)
    }

    /// The parts of files that are not opened yet, by the order of their first records, descending.
    private var parts: [(part: ArchivePart, first: ArchiveKey)] = []
    private var facts: [ArchiveFileFacts] = []
    private var sources: [ArchiveSource] = []
    /// The records that are not due yet.
    private var pending = Heap<PendingRecord>()
    /// The entries after which the commands were carried out.
    private var positions: [ArchivedCommand: ArchiveKey] = [:]
    /// The series before each series, with its number of entries, and the first key of the series.
    private var formers: [UInt64: (former: UInt64, count: Int)] = [:]
    private var holes: [ArchiveHole] = []
    private var last: ArchiveKey?
    /// The number of the next entry of the series.
    private var expected = 1
    private var counts: [UInt64: Int] = [:]
    private var (lastWritten, lastCommand) = (StreamID.zero, StreamID.zero)
    private let skipsDamage: Bool
    /// The position of the server to which the entries are added; nil if the server is empty or has another series.
    private(set) var server: ServerPosition?
    /// The id that the last command had in the control stream that was archived.
    private(set) var recordedCommandID = StreamID.zero
    /// The number of the last command; nil if it is unknown.
    private(set) var recordedCommandNumber: Int?
    /// The time of the last command in Unix milliseconds; nil if it is that of its id.
    private(set) var recordedCommandTime: Int64?
    private var commandNumbers = CommandNumbers()
    private var isFinished = false
    /// The number of entries that occurred before.
    private(set) var skipped = 0
    /// The files whose last record is torn.
    private(set) var torn: [String] = []

    /// Reads all files once, so that a damaged one is found before anything is replayed.
    ///
    /// - Parameters:
    ///   - files: the paths, in any order.
    ///   - position: the last entry of the server's stream, if its number in a series is known.
    ///   - commandCount: the number of commands that the server has carried out.
    ///   - skipsDamage: true to pass over damaged records, each of which is a hole.
    init(
        _ files: [String], after position: ArchivePosition? = nil, commands commandCount: Int = 0,
        skipsDamage: Bool = false
    ) throws(ArchiveError) {
        self.skipsDamage = skipsDamage
        var server = position.map { ServerPosition($0) }
        for path in files {
            guard try !ArchiveReader.isUnbegun(path) else {
                torn.append(path)
                continue
            }
            var reader = try ArchiveReader(path, skipsDamage: skipsDamage)
            var parts = ArchiveParts(path)
            while let record = try reader.next() {
                let after = ArchiveKey(series: record.series, id: record.after)
                switch record.kind {
                case .series:
                    guard let series = record.entrySeries else { throw Self.malformed(path, at: reader.recordPosition) }
                    let known = formers[series.number]
                    if known?.count ?? 0 <= series.formerCount {
                        formers[series.number] = (series.former, series.formerCount)
                    }
                    if record.commandCount != nil { parts.add(record, after: after, at: reader.recordPosition) }
                case .lostCommands: parts.add(record, after: after, at: reader.recordPosition)
                case .end: break
                case .entry, .gap:
                    server?.compare(record)
                    let isOrdered = parts.add(record, at: reader.recordPosition)
                    guard isOrdered || skipsDamage && self.parts.count + parts.parts.count <= ArchivePart.maxCount
                    else {
                        throw Self.misplaced(path, at: reader.recordPosition)
                    }
                case .command:
                    parts.add(record, after: after, at: reader.recordPosition)
                    let key = try Self.command(record, path)
                    positions[key] = positions[key].map { max($0, after) } ?? after
                }
            }
            facts.append(
                ArchiveFileFacts(
                    path: path, header: reader.header, size: reader.position, isEnded: reader.isEnded,
                    first: parts.first, preceding: parts.preceding, damages: reader.damages))
            for part in parts.parts { if let first = part.first { self.parts.append((part, first)) } }
            if reader.isTorn, parts.first == nil { torn.append(path) }
        }
        // Those of one process have ascending names.
        self.parts.sort {
            ($0.first, $0.part.path, $0.part.range.lowerBound) > ($1.first, $1.part.path, $1.part.range.lowerBound)
        }
        if let server, hasSeries(server.last.series) { begin(after: server, commands: commandCount) }
    }

    /// Returns whether the files have entries of a series, or name it.
    func hasSeries(_ number: UInt64) -> Bool {
        formers[number] != nil || formers.values.contains { $0.former == number }
    }

    private mutating func begin(after server: ServerPosition, commands: Int) {
        let later = formers.values.filter { $0.former == server.last.series }
        if server.agrees(withSeriesOf: later.map(\.count).max()) {
            self.server = server
            counts[server.last.series] = server.last.count
            lastWritten = server.last.id
            commandNumbers.begin(after: commands, at: server.last.id)
        } else if server.lacking > 0 {
            holes.append(Self.lacking(server.lacking, through: server.last.id))
        }
    }

    /// Returns the hole of entries that the archive has and a server lacks.
    static func lacking(_ count: Int, through id: StreamID) -> ArchiveHole {
        ArchiveHole(
            text:
                "the server lacks \(count) \(count == 1 ? "entry" : "entries") of the archive up to \(id), which an earlier replay did "
                + "not have", through: .highest)
    }

    private static func malformed(_ path: String, at position: Int) -> ArchiveError {
        ArchiveError("damaged archive: the record at byte \(position) of \(printable(path)) is malformed")
    }

    private static func misplaced(_ path: String, at position: Int) -> ArchiveError {
        ArchiveError(
            "damaged archive: the record at byte \(position) of \(printable(path)) is not after the one before it, as after a lost write "
                + "or a part that was copied twice", isDamage: true)
    }

    private static func command(_ record: ArchiveRecord, _ path: String) throws(ArchiveError) -> ArchivedCommand {
        let fields = record.fields.map {
            (name: String(decoding: $0.name, as: UTF8.self), value: String(decoding: $0.value, as: UTF8.self))
        }.filter { ![ArchiveRecord.commandNumber, ArchiveRecord.commandTime].contains($0.name) }
        // One of a later version.
        guard let event = try? ControlEvent(fields: fields) else {
            throw ArchiveError("cannot replay \(printable(path)): its command \(record.id) is not one of this version")
        }
        return ArchivedCommand(id: record.id, event: event)
    }

    /// Returns the next element. The ids are those to write.
    mutating func next() throws(ArchiveError) -> Element? {
        while true {
            if let hole = holes.popLast() { return .hole(hole) }
            let head = try nextEntry()
            if let due = pending.first, head.map({ $0.key > due.after }) ?? true {
                pending.removeFirst()
                beginSeries(due.after.series)
                if let number = due.number { require(number, through: due.after.id) }
                if due.lostCommands > 0, !isKnown(due.after) {
                    holes.append(Self.lost(due.lostCommands, after: due.after.id))
                }
                if let count = due.commandCount, let hole = commandNumbers.require(count, through: due.after.id) {
                    holes.append(hole)
                }
                guard let command = due.command, positions.removeValue(forKey: command) != nil else { continue }
                (recordedCommandID, recordedCommandNumber) = (command.id, due.commandNumber)
                recordedCommandTime = due.commandTime
                if let number = due.commandNumber, let hole = commandNumbers.add(number, after: due.after.id) {
                    holes.append(hole)
                }
                lastCommand = command.id > lastCommand ? command.id : lastCommand.next
                return .command(command.event, lastCommand)
            }
            guard let head else {
                guard !isFinished else { return nil }
                isFinished = true
                finish()
                continue
            }
            beginSeries(head.key.series)
            let entry = try take(head.key)
            guard let entry else {
                skipped += 1
                continue
            }
            if entry.number > expected {
                holes.append(Self.hole(entry.number - expected, after: start, through: entry.id))
            }
            expected = max(expected, entry.number + 1)
            last = head.key
            if let id = server?.id(of: head.key) { return .entry(id, entry.fields) }
            lastWritten = entry.id > lastWritten ? entry.id : lastWritten.next
            return .entry(lastWritten, entry.fields)
        }
    }

    private static func hole(_ count: Int, after: StreamID, through: StreamID) -> ArchiveHole {
        ArchiveHole(
            text: "the archive lacks \(count) \(count == 1 ? "entry" : "entries") between \(after) and \(through) "
                + "(\(ArchiveTime.text(after: after, through: through)))",
            through: through)
    }

    /// Returns whether the server has the entries up to one.
    private func isKnown(_ key: ArchiveKey) -> Bool {
        server.map { key <= ArchiveKey(series: $0.last.series, id: $0.last.id) } ?? false
    }

    private static func lost(_ count: Int, after id: StreamID) -> ArchiveHole {
        ArchiveHole(
            text:
                "the archive lacks \(count) \(count == 1 ? "command" : "commands") after \(id), which could not be written",
            through: .highest)
    }

    private mutating func beginSeries(_ series: UInt64) {
        guard last?.series != series else { return }
        if let last { counts[last.series] = expected - 1 }
        last = ArchiveKey(series: series, id: .zero)
        expected = (server?.count(of: series) ?? 0) + 1
        commandNumbers.beginSeries(isKnown: server.map { series <= $0.last.series } ?? false)
    }

    /// The last entry of the series that has occurred, or that the server has.
    private var start: StreamID {
        guard let last else { return .zero }
        return server.map { $0.last.series == last.series ? max(last.id, $0.last.id) : last.id } ?? last.id
    }

    /// Records a hole unless the entries of the series up to a number have occurred.
    private mutating func require(_ number: Int, through id: StreamID) {
        guard number >= expected else { return }
        holes.append(Self.hole(number - expected + 1, after: start, through: id))
        expected = number + 1
    }

    /// Records what is missing of series and files.
    private mutating func finish() {
        if let last { counts[last.series] = expected - 1 }
        for (series, (former, count)) in formers.sorted(by: { $0.key < $1.key }) where former != 0 {
            if let server, series <= server.last.series { continue }
            let missing = count - (counts[former] ?? 0)
            guard missing > 0 else { continue }
            let through = facts.compactMap(\.first).filter { $0.series == series }.min()?.id ?? .highest
            holes.append(
                ArchiveHole(
                    text: "the archive lacks \(missing) entries that were applied before the cursor moved back",
                    through: through))
        }
        let (server, formers) = (server, formers)
        holes += ArchiveFileFacts.holes(in: facts) { file in
            let former = file.first.flatMap { formers[$0.series] }
            return server?.hasAll(before: file, former: former.map { ($0.former, $0.count) }) ?? false
        }
    }

    /// Moves all sources over an entry.
    ///
    /// - Returns: the entry with the lowest number; nil if it occurred before.
    private mutating func take(_ key: ArchiveKey) throws(ArchiveError) -> ArchiveRecord? {
        var entry: ArchiveRecord?
        for source in sources {
            guard let next = source.next, ArchiveKey(series: next.series, id: next.id) == key else { continue }
            if let known = entry {
                skipped += 1
                if next.number < known.number { entry = next }
            } else {
                entry = next
            }
            try advance(source)
        }
        sources.removeAll { $0.next == nil }
        return last.map { $0 < key } ?? true ? entry : nil
    }

    /// Returns the lowest entry, and opens the files that may have it.
    private mutating func nextEntry() throws(ArchiveError) -> (key: ArchiveKey, number: Int)? {
        while true {
            var lowest: (key: ArchiveKey, number: Int)?
            for source in sources {
                guard let next = source.next else { continue }
                let key = ArchiveKey(series: next.series, id: next.id)
                if lowest.map({ key < $0.key }) ?? true { lowest = (key, next.number) }
            }
            // Also those that begin with the same entry.
            guard let (part, first) = parts.last, lowest.map({ first <= $0.key }) ?? true else { return lowest }
            parts.removeLast()
            let source = try ArchiveSource(part, skipsDamage: skipsDamage)
            try advance(source)
            if source.next != nil { sources.append(source) }
        }
    }

    /// Reads the next entry of a file, and the records before it.
    private mutating func advance(_ source: ArchiveSource) throws(ArchiveError) {
        source.next = nil
        while let record = try source.read() {
            let key = ArchiveKey(series: record.series, id: record.id)
            let after = ArchiveKey(series: record.series, id: record.after)
            switch record.kind {
            case .series:
                if let count = record.commandCount { pending.add(PendingRecord(after: after, commandCount: count)) }
            case .entry:
                source.next = record
                return
            case .lostCommands: pending.add(PendingRecord(after: after, lostCommands: record.number))
            case .gap: pending.add(PendingRecord(after: key, number: record.number))
            case .end: if record.number > 0 { pending.add(PendingRecord(after: key, number: record.number)) }
            case .command:
                let command = try Self.command(record, source.path)
                guard positions[command] == after else {
                    // The entries up to there were applied all the same.
                    pending.add(PendingRecord(after: after, number: record.number))
                    continue
                }
                pending.add(
                    PendingRecord(
                        after: after, number: record.number, command: command, commandNumber: record.commandNumber,
                        commandTime: record.commandTime))
            }
        }
        if source.isTorn { torn.append(source.path) }
    }
}
