/// The rows of one experiment while a batch is folded: those that were known, and those that the batch changes.
///
/// Epochs mostly come one after the other, so that a row above all before it is just appended; only when one comes that is
/// not are the rows found by their epoch.
struct CurveFold {
    private struct Entry {
        let epoch: Int
        var row: RowTable.Row
        var isChanged: Bool
    }

    /// The highest epoch; nil when there is none.
    private(set) var highest: Int?
    /// No row that is here has a higher epoch.
    private var top: Int
    /// Whether every row of the curve is here.
    let isComplete: Bool
    private var entries: [Entry] = []
    /// The place of that epoch's row, when it is here.
    private var last: Int?
    /// Places by epoch, once they were asked for.
    private var places: [Int: Int]?

    /// - Parameter highest: the highest epoch that was there before.
    init(highest: Int?, isComplete: Bool) {
        self.highest = highest
        top = highest ?? -1
        self.isComplete = isComplete || highest == nil
    }

    /// The epochs whose rows are here.
    var epochs: some Sequence<Int> { entries.lazy.map(\.epoch) }

    /// The rows that the batch changed.
    var changes: some Sequence<(epoch: Int, row: RowTable.Row)> {
        entries.lazy.filter(\.isChanged).map { ($0.epoch, $0.row) }
    }

    /// Whether there are any.
    private(set) var isChanged = false

    /// Takes a row that was there before; an empty one where there was none.
    mutating func know(_ row: RowTable.Row, at epoch: Int) {
        append(Entry(epoch: epoch, row: row, isChanged: false))
    }

    func row(at epoch: Int) -> RowTable.Row? {
        place(of: epoch).map { entries[$0].row }
    }

    /// Merges a row, or a piece of one.
    ///
    /// - Returns: the shape that the row of the epoch had before; that of an empty row when it is new.
    mutating func merge(_ row: RowTable.Row, at epoch: Int, _ table: inout RowTable) -> Int32 {
        highest = max(highest ?? 0, epoch)
        isChanged = true
        guard epoch <= top, let place = findPlace(of: epoch) else {
            append(Entry(epoch: epoch, row: row, isChanged: true))
            return RowTable.empty.shape
        }
        let before = entries[place].row
        entries[place].row = table.merge(row, into: before)
        entries[place].isChanged = true
        return before.shape
    }

    private mutating func append(_ entry: Entry) {
        if entry.epoch >= top {
            top = entry.epoch
            last = entries.count
        }
        places?[entry.epoch] = entries.count
        entries.append(entry)
    }

    private mutating func findPlace(of epoch: Int) -> Int? {
        if let last, entries[last].epoch == epoch { return last }
        // A few are looked through faster than they are hashed.
        if entries.count > 8, places == nil {
            places = Dictionary(uniqueKeysWithValues: entries.enumerated().map { ($1.epoch, $0) })
        }
        return place(of: epoch)
    }

    private func place(of epoch: Int) -> Int? {
        if let last, entries[last].epoch == epoch { return last }
        if let places { return places[epoch] }
        return entries.firstIndex { $0.epoch == epoch }
    }
}
