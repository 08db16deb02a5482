package import HyperoSchema

/// A position in a stream: the id of the last entry read, and the number of entries ever added up to it.
///
/// The entry count detects entries that were removed before they were read. `entries-added` minus the number of entries
/// after the position is the number of entries ever added up to the position. Any excess over ``entries`` was never
/// read.
package struct StreamPosition: Sendable, Hashable, CustomStringConvertible {
    /// The id of the last entry read.
    package private(set) var id: StreamID
    /// The number of entries ever added to the stream up to ``id``; nil if unknown, for example before Redis 7.0.
    package private(set) var entries: Int?
    /// The number of entries that were read up to ``id``, since ``IngestField/read`` counts them.
    package var read = 0

    /// The result of comparing the position with the stream.
    package enum CheckResult: Sendable, Hashable {
        /// The number of entries that were removed before they were read, 0 in normal operation.
        case missed(Int)
        /// The key holds another stream, which ends before the position or had fewer entries up to the position.
        case otherStream
    }

    package init(id: StreamID, entries: Int?, read: Int = 0) {
        self.id = id
        self.entries = entries
        self.read = read
    }

    /// Creates the position of a stored cursor.
    ///
    /// - Parameters:
    ///   - cursor: the value of ``IngestField/cursor``.
    ///   - text: the value of ``IngestField/entries``; nil if the field does not exist. The count is unknown if its id is not
    ///     the cursor: another client changed the cursor.
    package init(cursor: StreamID, text: String?) {
        id = cursor
        guard let text else {
            // At the beginning of the stream, no entries have been read.
            entries = cursor == .zero ? 0 : nil
            return
        }
        let words = text.split(separator: " ")
        guard words.count == 2, StreamID(words[0]) == cursor, let count = Int(words[1]), count >= 0 else { return }
        entries = count
    }

    /// The value of ``IngestField/entries``. Write it only if ``entries`` is known, because an unknown count is written
    /// as 0.
    package var description: String { "\(id) \(entries ?? 0)" }

    /// Advances by the entries of one XREAD.
    ///
    /// - Parameters:
    ///   - count: the number of entries read.
    ///   - last: the id of the last one; nil if none were read.
    package mutating func advance(by count: Int, to last: StreamID?) {
        guard let last else { return }
        id = last
        entries = entries.map { $0 + count }
        read += count
    }

    /// Returns the position before the latest entries were read.
    ///
    /// - Parameters:
    ///   - earlier: the id of the position.
    ///   - count: the number of entries read after it.
    package func rewound(to earlier: StreamID, by count: Int) -> StreamPosition {
        StreamPosition(id: earlier, entries: entries.map { $0 - count }, read: read - count)
    }

    /// Compares the position with the stream, and sets ``entries`` to the stream's count.
    ///
    /// - Parameter stream: the information requested after all entries up to this position were read.
    package mutating func check(against stream: StreamInfo) -> CheckResult {
        guard let last = stream.lastID else {
            guard id == .zero else { return .otherStream }
            entries = 0
            return .missed(0)
        }
        guard last >= id else { return .otherStream }
        guard let added = stream.entriesAdded, let remaining = remaining(in: stream) else { return .missed(0) }
        let addedUpToHere = added.subtractingReportingOverflow(remaining).partialValue
        guard let entries else {
            self.entries = max(addedUpToHere, 0)
            return .missed(0)
        }
        guard addedUpToHere >= entries else { return .otherStream }
        self.entries = addedUpToHere
        return .missed(addedUpToHere - entries)
    }

    /// Returns the number of entries after the position; nil if the stream has entries before and after the position,
    /// because Redis does not count the two separately.
    private func remaining(in stream: StreamInfo) -> Int? {
        guard stream.length > 0 else { return 0 }
        if let first = stream.firstEntryID, first > id { return stream.length }
        if let last = stream.lastEntryID, last <= id { return 0 }
        return nil
    }
}
