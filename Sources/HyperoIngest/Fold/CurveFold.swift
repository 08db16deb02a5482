/// The rows of one experiment while a batch is folded: the loaded prior rows and the rows that the batch changes.
///
/// Epochs mostly ascend, so a row above all earlier epochs is appended without a lookup. Other rows are looked up by
/// epoch.
struct CurveFold {
    private struct Entry {
        let epoch: Int
        var row: RowTable.Row
        var isChanged: Bool
    }

    /// The highest epoch of the curve, loaded or not; nil if the curve is empty.
    private(set) var highestEpoch: Int?
    /// An upper bound of the epochs in `entries`.
    private var epochBound: Int
    /// True if every row of the curve is loaded.
    let isComplete: Bool
    private var entries: [Entry] = []
    /// The index in `entries` of the epoch `epochBound`; nil if its row is not loaded.
    private var boundIndex: Int?
    /// Indexes in `entries` by epoch; nil until the first lookup among many entries.
    private var indexes: [Int: Int]?

    /// - Parameter highestEpoch: the highest epoch before the batch.
    init(highestEpoch: Int?, isComplete: Bool) {
        self.highestEpoch = highestEpoch
        epochBound = highestEpoch ?? -1
        self.isComplete = isComplete || highestEpoch == nil
    }

    /// The epochs whose rows are loaded.
    var epochs: some Sequence<Int> { entries.lazy.map(\.epoch) }

    /// The rows that the batch changed.
    var changes: some Sequence<(epoch: Int, row: RowTable.Row)> {
        entries.lazy.filter(\.isChanged).map { ($0.epoch, $0.row) }
    }

    /// True if the batch changed a row.
    private(set) var isChanged = false

    /// Adds a row as it was before the batch. An empty row means that the curve has none at the epoch.
    mutating func addPrior(_ row: RowTable.Row, at epoch: Int) {
        append(Entry(epoch: epoch, row: row, isChanged: false))
    }

    func row(at epoch: Int) -> RowTable.Row? {
        index(of: epoch).map { entries[$0].row }
    }

    /// Merges a row, or a part of a row.
    ///
    /// - Returns: the shape of the epoch's row before; the shape of the empty row if the epoch had none.
    mutating func merge(_ row: RowTable.Row, at epoch: Int, in table: inout RowTable) -> Int32 {
        highestEpoch = max(highestEpoch ?? 0, epoch)
        isChanged = true
        guard epoch <= epochBound, let index = findIndex(of: epoch) else {
            append(Entry(epoch: epoch, row: row, isChanged: true))
            return RowTable.empty.shape
        }
        let prior = entries[index].row
        entries[index].row = table.merge(row, into: prior)
        entries[index].isChanged = true
        return prior.shape
    }

    private mutating func append(_ entry: Entry) {
        if entry.epoch >= epochBound {
            epochBound = entry.epoch
            boundIndex = entries.count
        }
        indexes?[entry.epoch] = entries.count
        entries.append(entry)
    }

    /// Returns the index of an epoch, and builds `indexes` if there are many entries.
    private mutating func findIndex(of epoch: Int) -> Int? {
        if let boundIndex, entries[boundIndex].epoch == epoch { return boundIndex }
        // Up to eight entries, a linear search is faster than hashing.
        if entries.count > 8, indexes == nil {
            indexes = Dictionary(uniqueKeysWithValues: entries.enumerated().map { ($1.epoch, $0) })
        }
        return index(of: epoch)
    }

    private func index(of epoch: Int) -> Int? {
        if let boundIndex, entries[boundIndex].epoch == epoch { return boundIndex }
        if let indexes { return indexes[epoch] }
        return entries.firstIndex { $0.epoch == epoch }
    }
}
