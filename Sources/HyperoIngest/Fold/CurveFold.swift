/// The rows of one experiment while a batch is folded: the loaded prior rows and the rows that the batch changes.
///
/// Epochs mostly ascend, so rows are appended, and a row is found by binary search. A row out of order costs an index
/// by epoch. No lookup walks through many rows: one event would otherwise cost as much as the curve is long.
struct CurveFold {
    private struct Entry {
        let epoch: Int
        var row: RowTable.Row
        var isChanged: Bool
        /// True if the row is the result of a merge, so that no other entry refers to its numbers.
        var isOwned = false
    }

    /// The highest epoch of the curve, loaded or not; nil if the curve is empty.
    private(set) var highestEpoch: Int?
    /// The highest epoch before the batch that is not withdrawn; nil if there is none.
    private var priorHighestEpoch: Int?
    private var entries: [Entry] = []
    /// True if the epochs of `entries` ascend.
    private var isAscending = true
    /// Indexes in `entries` by epoch; nil if they ascend, or if there are few.
    private var indexes: [Int: Int]?

    /// The number of entries up to which a linear search is faster than hashing.
    private static let linearLimit = 8

    /// - Parameter highestEpoch: the highest epoch before the batch.
    init(highestEpoch: Int?) {
        self.highestEpoch = highestEpoch
        priorHighestEpoch = highestEpoch
    }

    /// The epochs whose rows are loaded, with their rows.
    var rows: some Sequence<(epoch: Int, row: RowTable.Row)> { entries.lazy.map { ($0.epoch, $0.row) } }

    /// The rows that the batch changed.
    var changes: some Sequence<(epoch: Int, row: RowTable.Row)> {
        entries.lazy.filter(\.isChanged).map { ($0.epoch, $0.row) }
    }

    /// The epochs before the batch whose rows are withdrawn, unless they have new ones. Ascending.
    private var withdrawn: ArraySlice<Int> = []

    /// True if the batch changed a row.
    private(set) var isChanged = false

    /// Adds rows as they were before the batch, in ascending order. An empty row means that the curve has none at the
    /// epoch. All rows of the batch so far are of higher epochs.
    mutating func addPrior(_ rows: [(epoch: Int, row: RowTable.Row)]) {
        let appended = entries
        entries = []
        indexes = nil
        isAscending = true
        // In a wide fleet, one row follows.
        entries.reserveCapacity(rows.count + appended.count + 1)
        for (epoch, row) in rows { append(Entry(epoch: epoch, row: row, isChanged: false)) }
        for entry in appended { append(entry) }
    }

    /// Adds a row of an epoch above all others.
    mutating func append(_ row: RowTable.Row, at epoch: Int) {
        highestEpoch = epoch
        isChanged = true
        append(Entry(epoch: epoch, row: row, isChanged: true))
    }

    /// Returns the row of an epoch; nil if it is not loaded.
    func row(at epoch: Int) -> RowTable.Row? {
        index(of: epoch).map { entries[$0].row }
    }

    /// Merges a row, or a part of a row.
    ///
    /// - Returns: the shape of the epoch's row before; the shape of the empty row if the epoch had none.
    mutating func merge(_ row: RowTable.Row, at epoch: Int, in table: inout RowTable) -> Int32 {
        highestEpoch = max(highestEpoch ?? 0, epoch)
        isChanged = true
        guard let index = index(of: epoch) else {
            append(Entry(epoch: epoch, row: row, isChanged: true))
            return RowTable.empty.shape
        }
        let prior = entries[index].row
        let merged = table.merge(row, into: prior, isOwned: entries[index].isOwned)
        entries[index].isOwned = merged != row && (entries[index].isOwned || merged != prior)
        entries[index].row = merged
        entries[index].isChanged = true
        return prior.shape
    }

    /// Removes the rows of an epoch and all later ones.
    ///
    /// - Parameter priorEpochs: all epochs before the batch, ascending; nil if none of them is withdrawn.
    mutating func withdraw(from epoch: Int, priorEpochs: [Int]?) {
        isChanged = true
        WorkCounter.count(entries.count)
        entries.removeAll { $0.epoch >= epoch }
        if indexes != nil { indexes = Dictionary(uniqueKeysWithValues: entries.enumerated().map { ($1.epoch, $0) }) }
        if let priorEpochs {
            WorkCounter.count(priorEpochs.count)
            let first = priorEpochs.firstIndex { $0 >= epoch } ?? priorEpochs.endIndex
            // An earlier withdrawal of the batch may have been of more rows.
            if first < withdrawn.startIndex || withdrawn.isEmpty { withdrawn = priorEpochs[first...] }
            priorHighestEpoch = priorEpochs[..<withdrawn.startIndex].last
        }
        let highest = entries.lazy.filter { $0.row != RowTable.empty }.map(\.epoch).max()
        highestEpoch = [highest, priorHighestEpoch].compactMap { $0 }.max()
    }

    /// The epochs whose rows were withdrawn and have no new ones.
    var removals: [Int] {
        guard !withdrawn.isEmpty else { return [] }
        let rewritten = Set(entries.lazy.filter(\.isChanged).map(\.epoch))
        return withdrawn.filter { !rewritten.contains($0) }
    }

    private mutating func append(_ entry: Entry) {
        WorkCounter.count(1)
        if let last = entries.last, entry.epoch < last.epoch { isAscending = false }
        indexes?[entry.epoch] = entries.count
        entries.append(entry)
        guard !isAscending, indexes == nil, entries.count > Self.linearLimit else { return }
        WorkCounter.count(entries.count)
        indexes = Dictionary(uniqueKeysWithValues: entries.enumerated().map { ($1.epoch, $0) })
    }

    private func index(of epoch: Int) -> Int? {
        WorkCounter.count(1)
        guard let last = entries.last else { return nil }
        if last.epoch == epoch { return entries.count - 1 }
        if let indexes { return indexes[epoch] }
        if !isAscending {
            WorkCounter.count(entries.count)
            return entries.firstIndex { $0.epoch == epoch }
        }
        guard epoch < last.epoch else { return nil }
        var (low, high) = (0, entries.count - 1)
        while low < high {
            WorkCounter.count(1)
            let middle = (low + high) / 2
            if entries[middle].epoch < epoch { low = middle + 1 } else { high = middle }
        }
        return entries[low].epoch == epoch ? low : nil
    }
}
