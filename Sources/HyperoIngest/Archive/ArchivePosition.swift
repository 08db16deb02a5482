import HyperoSchema

/// The entries that the ingests of a partition have read from its stream, until the cursor moved back.
///
/// When the cursor moves back, for example because the stream was lost, another series begins, and its entries may have lower
/// ids. The field ``IngestField/read`` contains the series, and counts its entries.
struct EntrySeries: Sendable, Hashable {
    /// The server's time at its beginning in Unix milliseconds, above the number of the series before.
    let number: UInt64
    /// The number of the series before; 0 if there is none, or if it is unknown.
    let former: UInt64
    /// The number of entries of the series before.
    let formerCount: Int
}

/// A position in the series of a partition.
struct ArchivePosition: Sendable, Hashable {
    /// The number of the series.
    var series: UInt64
    /// The last entry.
    var id: StreamID
    /// The number of entries of the series up to the last one.
    var count: Int
}

/// The value of ``IngestField/read``.
struct ReadField: Sendable, Hashable, CustomStringConvertible {
    let cursor: StreamID
    let count: Int
    let series: EntrySeries

    init(cursor: StreamID, count: Int, series: EntrySeries) {
        self.cursor = cursor
        self.count = count
        self.series = series
    }

    init?(_ text: String) {
        let words = text.split(separator: " ")
        guard words.count == 5, let cursor = StreamID(words[0]), let count = Int(words[1]),
            let number = UInt64(words[2]), let former = UInt64(words[3]), let formerCount = Int(words[4])
        else { return nil }
        self.init(
            cursor: cursor, count: count,
            series: EntrySeries(number: number, former: former, formerCount: formerCount))
    }

    var description: String { "\(cursor) \(count) \(series.number) \(series.former) \(series.formerCount)" }
}
