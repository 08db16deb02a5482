import HyperoSchema

/// The position of a server in the series of an archive, for example of a restored backup. The server has everything up to it, so that
/// only what is missing after it is a hole.
struct ServerPosition: Sendable {
    /// The last entry of the server's stream, with its number in the series.
    let last: ArchivePosition
    /// The highest number of an entry of the archive up to the position.
    private var highestBefore = 0
    /// The lowest number of an entry of the archive after the position.
    private var lowestAfter = Int.max

    init(_ last: ArchivePosition) {
        self.last = last
    }

    /// Takes a record of the archive into account.
    mutating func compare(_ record: ArchiveRecord) {
        guard record.series == last.series else { return }
        if record.id <= last.id {
            highestBefore = max(highestBefore, record.number)
        } else if record.kind == .entry {
            lowestAfter = min(lowestAfter, record.number)
        }
    }

    /// The number of entries of the archive up to the position that the server does not have: those of a file that an earlier replay
    /// did not get.
    var lacking: Int { max(highestBefore - last.count, 0) }

    /// Returns whether the numbers of the server are those of the archive. An earlier replay may have counted entries of other series.
    ///
    /// - Parameter count: the number of entries of the series; nil if it has not ended.
    func agrees(withSeriesOf count: Int?) -> Bool {
        highestBefore <= last.count && last.count < lowestAfter && count.map { last.count <= $0 } ?? true
    }

    /// Returns the id of an entry in an order in which no id is above that of the position; nil for an entry after the position.
    func id(of key: ArchiveKey) -> StreamID? {
        if key.series < last.series { return min(key.id, last.id.previous ?? .zero) }
        return key.series == last.series && key.id <= last.id ? key.id : nil
    }

    /// Returns whether the position is after an entry.
    func isAfter(_ key: ArchiveKey) -> Bool { key < ArchiveKey(series: last.series, id: last.id) }

    /// Returns the number of entries of a series that the server has; the highest number for a series before its own.
    func count(of series: UInt64) -> Int {
        if series < last.series { return .max - 1 }
        return series == last.series ? last.count : 0
    }

    /// Returns whether the server has what precedes a file.
    ///
    /// - Parameter former: the series before that of the file, with its number of entries; nil if it is unknown.
    func hasAll(before file: ArchiveFileFacts, former: (series: UInt64, count: Int)?) -> Bool {
        guard let first = file.first else { return false }
        guard first.series > last.series else { return file.preceding <= count(of: first.series) }
        return file.preceding == 0 && former.map { $0.series == last.series && $0.count <= last.count } ?? false
    }
}
