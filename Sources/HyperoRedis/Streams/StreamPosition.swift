package import HyperoSchema

/// Where a stream is read: up to which id, and how many entries it had ever got up to there.
///
/// The second number finds what an id cannot: entries that went from the stream before they were read. A stream counts
/// what was ever added; take off what it still has beyond the place, and what was added up to the place is left. What
/// that is more than was known of was never read.
package struct StreamPosition: Sendable, Hashable, CustomStringConvertible {
    /// The last entry that was read.
    package private(set) var id: StreamID
    /// Entries added up to there; nil while it is not known, as on a server before Redis 7.0.
    package private(set) var entries: Int?

    /// What looking at the stream showed.
    package enum CheckResult: Sendable, Hashable {
        /// So many entries went before they were read; mostly none.
        case missed(Int)
        /// The stream is not the one that was read: it ends before the place, or had fewer entries up to it.
        case otherStream
    }

    package init(id: StreamID, entries: Int?) {
        self.id = id
        self.entries = entries
    }

    /// What ``IngestField/entries`` holds, for a cursor.
    package init(cursor: StreamID, text: String?) {
        id = cursor
        // Of a stream that was never read, nothing was read.
        guard let text else {
            entries = cursor == .zero ? 0 : nil
            return
        }
        let words = text.split(separator: " ")
        guard words.count == 2, StreamID(words[0]) == cursor, let count = Int(words[1]), count >= 0 else { return }
        entries = count
    }

    package var description: String { "\(id) \(entries ?? 0)" }

    /// Entries were read.
    package mutating func advance(by count: Int, to last: StreamID?) {
        guard let last else { return }
        id = last
        entries = entries.map { $0 + count }
    }

    /// The place before the latest entries were read.
    package func rewound(to earlier: StreamID, by count: Int) -> StreamPosition {
        StreamPosition(id: earlier, entries: entries.map { $0 - count })
    }

    /// Compares with what the stream says of itself after all reading up to here.
    package mutating func check(against stream: StreamInfo) -> CheckResult {
        guard let last = stream.lastID else {
            guard id == .zero else { return .otherStream }
            entries = 0
            return .missed(0)
        }
        guard last >= id else { return .otherStream }
        guard let added = stream.entriesAdded, let remaining = remaining(in: stream) else { return .missed(0) }
        let upToHere = added.subtractingReportingOverflow(remaining).partialValue
        guard let known = entries else {
            entries = max(upToHere, 0)
            return .missed(0)
        }
        guard upToHere >= known else { return .otherStream }
        entries = upToHere
        return .missed(upToHere - known)
    }

    /// How many entries the stream has beyond the place; nil when it has some on both sides: then nobody counts them.
    private func remaining(in stream: StreamInfo) -> Int? {
        guard stream.length > 0 else { return 0 }
        if let first = stream.firstEntryID, first > id { return stream.length }
        if let last = stream.lastEntryID, last <= id { return 0 }
        return nil
    }
}
