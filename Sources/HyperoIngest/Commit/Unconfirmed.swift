package import HyperoSchema

/// The entries of a transaction whose outcome is not known to be handled: the value of ``IngestField/unconfirmed``.
///
/// A command that fails inside a transaction is reported in EXEC's reply only. If the reply is lost, or the ingest is
/// killed before it has written the dead letters, the next owner reads the entries again and finds out.
package struct Unconfirmed: Sendable, Hashable {
    /// The cursor before the transaction.
    package let from: StreamID
    /// The cursor that the transaction writes.
    package let to: StreamID
    /// A time of the server before the transaction in Unix milliseconds. Its dead letters have no earlier id.
    package let since: Int64
    /// The entries that change nothing, because they were applied before or their subject was deleted, and those whose dead
    /// letters were sent again: ascending ranges of ids.
    package let duplicates: [ClosedRange<StreamID>]

    package init(from: StreamID, to: StreamID, since: Int64, duplicates: [ClosedRange<StreamID>]) {
        (self.from, self.to, self.since, self.duplicates) = (from, to, since, duplicates)
    }

    /// Creates the value for the entries of a batch; nil if the batch has none.
    init?(of batch: FoldedBatch, since: Int64) {
        guard let last = batch.batch.items.last else { return nil }
        var duplicates: [ClosedRange<Int>] = []
        for index in batch.result.skipped {
            if let range = duplicates.last, range.upperBound + 1 == index {
                duplicates[duplicates.count - 1] = range.lowerBound...index
            } else {
                duplicates.append(index...index)
            }
        }
        let items = batch.batch.items
        self.init(
            from: batch.previousCursor, to: last.id, since: since,
            duplicates: duplicates.map { items[$0.lowerBound].id...items[$0.upperBound].id })
    }

    /// Parses a value; nil if it is malformed or empty.
    package init?(_ text: String) {
        let words = text.split(separator: " ")
        guard words.count >= 3, let from = StreamID(words[0]), let to = StreamID(words[1]), let since = Int64(words[2]),
            from < to
        else { return nil }
        let duplicates = words.dropFirst(3).compactMap { word -> ClosedRange<StreamID>? in
            let bounds = word.split(separator: "/", omittingEmptySubsequences: false).map { StreamID($0) }
            guard bounds.count <= 2, let first = bounds.first ?? nil, let last = bounds.last ?? nil, first <= last
            else { return nil }
            return first...last
        }
        self.init(from: from, to: to, since: since, duplicates: duplicates)
    }

    /// The value: `<from> <to> <since> [<first>/<last> …]`.
    package var description: String {
        let ranges = duplicates.map { range in
            range.lowerBound == range.upperBound ? "\(range.lowerBound)" : "\(range.lowerBound)/\(range.upperBound)"
        }
        return (["\(from)", "\(to)", "\(since)"] + ranges).joined(separator: " ")
    }

    /// Returns the value with further entries that need no dead letter; nil if none of them belongs to the transaction.
    ///
    /// - Parameter ids: the ids of the entries.
    func excluding(_ ids: [StreamID]) -> Unconfirmed? {
        let excluded = ids.filter { $0 > from && $0 <= to && !isDuplicate($0) }
        guard !excluded.isEmpty else { return nil }
        return Unconfirmed(
            from: from, to: to, since: since,
            duplicates: (duplicates + excluded.map { $0...$0 }).sorted { $0.lowerBound < $1.lowerBound })
    }

    /// Returns whether both are the value of one transaction. A requeue may have changed the entries to leave out.
    func isSameTransaction(as other: Unconfirmed) -> Bool { (from, to, since) == (other.from, other.to, other.since) }

    /// Returns whether an entry changed nothing.
    func isDuplicate(_ id: StreamID) -> Bool {
        // Ascending, so a binary search would do; the list is nearly always empty.
        duplicates.contains { $0.contains(id) }
    }
}
