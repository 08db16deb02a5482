import HyperoSchema

/// The records of the archive files of one partition, in the order in which they took effect.
///
/// The files of several processes may overlap: a successor archives again what its predecessor has archived in another folder.
/// Of several entries with one id, the first one counts. Of several records of a command, the last one counts: the owner that wrote
/// it before was killed, or had lost its lease. A file is opened when its first record is due.
struct ArchiveSequence: ~Copyable {
    /// An element of the sequence.
    enum Element {
        case entry(StreamID, [ArchiveRecord.Field])
        case command(ControlEvent, StreamID)
        case gap(after: StreamID, through: StreamID)
    }

    /// A file that is being read, with its next entry.
    private final class Source {
        var reader: ArchiveReader
        var next: ArchiveRecord?

        init(_ reader: consuming ArchiveReader) {
            self.reader = reader
        }
    }

    /// The files that are not opened yet, by the order of their first records, descending.
    private var files: [(path: String, first: StreamID)]
    private var sources: [Source] = []
    /// The commands that are not due yet, ascending.
    private var commands: ArraySlice<(id: StreamID, after: StreamID, event: ControlEvent)> = []
    /// The entries after which the commands were carried out, by their ids.
    private var positions: [StreamID: StreamID] = [:]
    private var gaps: [(after: StreamID, through: StreamID)] = []
    private var last = StreamID.zero
    private var lastCommand = StreamID.zero
    /// The number of entries that occurred before, with the same or a higher id.
    private(set) var skipped = 0
    /// The files whose last record is torn.
    private(set) var torn: [String] = []

    /// Reads all files once, so that a damaged one is found before anything is replayed.
    ///
    /// - Parameter files: the paths, in any order.
    init(_ files: [String]) throws(ArchiveError) {
        self.files = []
        for path in files {
            guard try !ArchiveReader.isUnbegun(path) else {
                torn.append(path)
                continue
            }
            var reader = try ArchiveReader(path)
            var first: StreamID?
            while let record = try reader.next() {
                first = first ?? (record.kind == .entry ? record.id : record.after)
                guard record.kind == .command else { continue }
                positions[record.id] = max(positions[record.id] ?? .zero, record.after)
            }
            if let first { self.files.append((path, first)) } else if reader.isTorn { torn.append(path) }
        }
        // Those of one process have ascending names.
        self.files.sort { ($0.first, $0.path) > ($1.first, $1.path) }
    }

    /// Returns the next element.
    mutating func next() throws(ArchiveError) -> Element? {
        while true {
            if let gap = gaps.popLast() { return .gap(after: gap.after, through: gap.through) }
            let head = try nextEntry()
            if let command = commands.first, head.map({ $0.id > command.after }) ?? true {
                commands.removeFirst()
                if commands.isEmpty { commands = [] }
                guard command.id > lastCommand else { continue }
                lastCommand = command.id
                return .command(command.event, command.id)
            }
            guard let index = head?.source, let record = sources[index].next else {
                if gaps.isEmpty { return nil }
                continue
            }
            try advance(sources[index])
            sources.removeAll { $0.next == nil }
            guard record.id > last else {
                skipped += 1
                continue
            }
            last = record.id
            return .entry(record.id, record.fields)
        }
    }

    /// Returns the entry with the lowest id, by the index of its source, and opens the files that may have it.
    private mutating func nextEntry() throws(ArchiveError) -> (source: Int, id: StreamID)? {
        while true {
            var lowest: (source: Int, id: StreamID)?
            for (index, source) in sources.enumerated() {
                guard let id = source.next?.id, lowest.map({ id < $0.id }) ?? true else { continue }
                lowest = (index, id)
            }
            guard let file = files.last, lowest.map({ file.first <= $0.id }) ?? true else { return lowest }
            files.removeLast()
            let source = Source(try ArchiveReader(file.path))
            try advance(source)
            if source.next != nil { sources.append(source) }
        }
    }

    /// Reads the next entry of a file, and the commands and gaps before it.
    private mutating func advance(_ source: Source) throws(ArchiveError) {
        source.next = nil
        while let record = try source.reader.next() {
            switch record.kind {
            case .entry:
                source.next = record
                return
            case .gap: gaps.append((record.after, record.id))
            case .command:
                guard positions[record.id] == record.after else { continue }
                let fields = record.fields.map {
                    (name: String(decoding: $0.name, as: UTF8.self), value: String(decoding: $0.value, as: UTF8.self))
                }
                // One of a later version.
                guard let event = try? ControlEvent(fields: fields) else {
                    throw ArchiveError(
                        "cannot replay \(printable(source.reader.path)): its command \(record.id) is not one of this version"
                    )
                }
                let isLast = commands.last.map { ($0.after, $0.id) <= (record.after, record.id) } ?? true
                commands.append((record.id, record.after, event))
                // There may be a million of them, which are nearly always in order.
                if !isLast { commands.sort { ($0.after, $0.id) < ($1.after, $1.id) } }
            }
        }
        if source.reader.isTorn { torn.append(source.reader.path) }
    }
}
