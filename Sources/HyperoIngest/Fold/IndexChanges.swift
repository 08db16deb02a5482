import HyperoSchema

/// The changes of a batch, in order.
///
/// Nearly all are of the hash or the curve of an experiment, or of the hash of a producer. Their fields and rows are in one
/// array each: in a wide fleet each event has three such changes, and an array of its own would cost more than a change.
package struct IndexChanges: Sendable {
    /// A change, as indexes only: an array of entries is then read, copied and freed without a count of references.
    ///
    /// The keys are indexes in ``IndexChanges/keys``. The ranges are of ``IndexChanges/fields`` and ``IndexChanges/rows``, and
    /// never empty.
    enum Entry: Sendable {
        case setFields(key: Int, Range<Int>)
        case setRows(key: Int, Range<Int>)
        /// An index in ``IndexChanges/others``.
        case other(Int)
    }

    private(set) var entries: [Entry] = []
    private(set) var keys: [SubjectKey] = []
    private(set) var others: [IndexChange] = []
    private(set) var fields: [IndexChange.Field] = []
    private(set) var rows: [IndexChange.Row] = []
    /// The fields to remove from the hash that is not finished.
    private var removed: [String] = []
    private var firstField = 0
    private var firstRow = 0

    package init() {}

    /// Reserves memory for the changes of experiments with one row each, of as many producers, and of a few batteries.
    mutating func reserveCapacity(experiments: Int) {
        entries.reserveCapacity(3 * experiments + 32)
        keys.reserveCapacity(3 * experiments)
        // Four fields, and the maxima of some.
        fields.reserveCapacity(5 * experiments)
        rows.reserveCapacity(experiments)
    }

    mutating func append(_ change: IndexChange) {
        entries.append(.other(others.count))
        others.append(change)
    }

    mutating func append(contentsOf changes: [IndexChange]) {
        for change in changes { append(change) }
    }

    // MARK: - Changes in parts

    /// Sets a field of the next hash.
    mutating func set(_ name: String, to value: String) { fields.append(IndexChange.Field(name, value)) }

    /// Sets a field of the next hash.
    mutating func set(_ name: String, to value: Int64) { fields.append(IndexChange.Field(name, value)) }

    /// Removes a field of the next hash.
    mutating func remove(_ name: String) { removed.append(name) }

    /// Adds the changes of a hash: the fields since the last one.
    ///
    /// - Parameter isNew: true if Redis does not have the hash. It then has no fields to remove.
    mutating func finishHash(_ key: SubjectKey, isNew: Bool) {
        if firstField < fields.count {
            entries.append(.setFields(key: keys.count, firstField..<fields.count))
            keys.append(key)
        }
        firstField = fields.count
        guard !removed.isEmpty else { return }
        if !isNew { append(.removeFields(key: key.text, removed)) }
        removed = []
    }

    /// Sets a row of the next curve.
    mutating func append(_ row: IndexChange.Row) { rows.append(row) }

    /// Adds the changes of a curve: the rows since the last one.
    mutating func finishCurve(_ key: SubjectKey) {
        if firstRow < rows.count {
            entries.append(.setRows(key: keys.count, firstRow..<rows.count))
            keys.append(key)
        }
        firstRow = rows.count
    }
}

extension IndexChanges: RandomAccessCollection {
    package var startIndex: Int { 0 }
    package var endIndex: Int { entries.count }

    package subscript(index: Int) -> IndexChange {
        switch entries[index] {
        case .setFields(let key, let range): .setFields(key: keys[key].text, Array(fields[range]))
        case .setRows(let key, let range): .setRows(key: keys[key].text, Array(rows[range]))
        case .other(let index): others[index]
        }
    }
}
