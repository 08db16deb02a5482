/// The entries that the ingests of a partition have read from its stream, until the cursor moved back.
///
/// When the cursor moves back, for example because the stream was lost, another series begins, and its entries may have lower
/// ids. The field ``IngestField/read`` contains the series, and counts its entries.
package struct EntrySeries: Sendable, Hashable {
    /// The server's time at its beginning in Unix milliseconds, above the number of the series before.
    package let number: UInt64
    /// The number of the series before; 0 if there is none, or if it is unknown.
    package let former: UInt64
    /// The number of entries of the series before.
    package let formerCount: Int

    package init(number: UInt64, former: UInt64, formerCount: Int) {
        (self.number, self.former, self.formerCount) = (number, former, formerCount)
    }
}

/// The value of ``IngestField/read``.
package struct ReadField: Sendable, Hashable, CustomStringConvertible {
    package let cursor: StreamID
    package let count: Int
    package let series: EntrySeries

    package init(cursor: StreamID, count: Int, series: EntrySeries) {
        (self.cursor, self.count, self.series) = (cursor, count, series)
    }

    /// Parses the text; nil if it is malformed.
    package init?(_ text: String) {
        let words = text.split(separator: " ")
        guard words.count == 5, let cursor = StreamID(words[0]), let count = Int(words[1]),
            let number = UInt64(words[2]), let former = UInt64(words[3]), let formerCount = Int(words[4])
        else { return nil }
        self.init(
            cursor: cursor, count: count,
            series: EntrySeries(number: number, former: former, formerCount: formerCount))
    }

    package var description: String {
        "\(cursor) \(count) \(series.number) \(series.former) \(series.formerCount)"
    }
}

/// The value of ``IngestField/archived``.
package struct ArchivedField: Sendable, Hashable, CustomStringConvertible {
    /// The number of the series of the last entry that is archived.
    package let series: UInt64
    /// The number of entries of the series up to that one.
    package let count: Int
    /// The last time in Unix milliseconds at which all applied entries were archived.
    package let time: Int64

    package init(series: UInt64, count: Int, time: Int64) {
        (self.series, self.count, self.time) = (series, count, time)
    }

    /// Parses the text; nil if it is malformed.
    package init?(_ text: String) {
        let words = text.split(separator: " ")
        guard words.count == 3, let series = UInt64(words[0]), let count = Int(words[1]), let time = Int64(words[2])
        else { return nil }
        self.init(series: series, count: count, time: time)
    }

    package var description: String { "\(series) \(count) \(time)" }

    /// Returns the number of entries that were read and are not archived. None are of a series that an ingest without an archive
    /// has begun.
    package func unarchived(of read: ReadField) -> Int {
        max(read.count.subtractingReportingOverflow(read.series.number == series ? count : 0).partialValue, 0)
    }
}
