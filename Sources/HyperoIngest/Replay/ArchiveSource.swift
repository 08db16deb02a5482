import HyperoSchema

/// A part of an archive file whose entries are in order: nearly always the whole file.
///
/// After a lost write or a bad restore, a file may have whole records in the wrong place, or twice. Each part begins where the order
/// breaks, and the parts are merged as files are.
struct ArchivePart {
    let path: String
    /// The positions of the records in the file. The last part has no end.
    var range: Range<Int>
    /// The first entry of the part, or the one before its first command; nil without records.
    var first: ArchiveKey?
    /// The last entry of the part.
    fileprivate(set) var last: ArchiveKey?

    /// The highest number of parts of all files.
    static let maxCount = 1_000

    init(_ path: String) {
        self.path = path
        range = 0..<Int.max
    }
}

/// The parts of an archive file, found while it is read.
struct ArchiveParts {
    private(set) var parts: [ArchivePart]
    /// The number of entries of the series that precede the first record of the file.
    private(set) var preceding = Int.max
    /// The first entry of the file, or the one before its first command; nil without records.
    private(set) var first: ArchiveKey?
    /// The last entry of the file so far.
    private var last: ArchiveKey?

    init(_ path: String) {
        parts = [ArchivePart(path)]
    }

    /// Adds an entry or a gap.
    ///
    /// - Returns: false if it is not after the one before it in the file.
    mutating func add(_ record: ArchiveRecord, at position: Int) -> Bool {
        let key = ArchiveKey(series: record.series, id: record.id)
        var isOrdered = true
        if record.kind == .entry {
            if let last, key <= last {
                isOrdered = false
                beginPart(at: position)
            }
            last = key
            parts[parts.count - 1].last = key
        }
        begin(at: key, after: record.kind == .entry ? record.number - 1 : record.number)
        return isOrdered
    }

    /// Adds a command, or a number of commands, after an entry. A command that stands in the file after later entries begins a part, so
    /// that it is read in time.
    mutating func add(_ record: ArchiveRecord, after key: ArchiveKey, at position: Int) {
        if record.kind != .series, let last = parts[parts.count - 1].last, key < last { beginPart(at: position) }
        // The number of lost commands does not tell that of the entry.
        begin(at: key, after: record.kind == .lostCommands ? .max : record.number)
    }

    private mutating func beginPart(at position: Int) {
        var part = ArchivePart(parts[0].path)
        part.range = position..<Int.max
        parts[parts.count - 1].range = parts[parts.count - 1].range.lowerBound..<position
        parts.append(part)
    }

    private mutating func begin(at key: ArchiveKey, after number: Int) {
        if parts[parts.count - 1].first.map({ key < $0 }) ?? true { parts[parts.count - 1].first = key }
        guard first.map({ key < $0 }) ?? true else { return }
        (first, preceding) = (key, number)
    }
}

/// A part of a file that is being read, with its next entry.
final class ArchiveSource {
    private var reader: ArchiveReader
    private let end: Int
    var next: ArchiveRecord?

    init(_ part: ArchivePart, skipsDamage: Bool) throws(ArchiveError) {
        reader = try ArchiveReader(part.path, skipsDamage: skipsDamage, from: part.range.lowerBound)
        end = part.range.upperBound
    }

    var path: String { reader.path }
    var isTorn: Bool { reader.isTorn }

    /// Reads the next record.
    ///
    /// - Returns: nil at the end of the part.
    func read() throws(ArchiveError) -> ArchiveRecord? {
        guard reader.position < end, let record = try reader.next(), reader.recordPosition < end else { return nil }
        return record
    }
}
