/// The parts of one whole learning curve from which the maxima, the highest epoch and the columns of its experiment follow.
///
///     var digest = CurveDigest(objective: Objective(channel: "valid", direction: .max), statedEpoch: nil)
///     digest.add(epoch: epoch, row: row)
///
/// The rows come in any order, and a row may come twice, because HSCAN returns them so. The memory is that of two rows and of the
/// names of the channels, whatever the length of the curve.
package struct CurveDigest: Sendable {
    /// The channel that decides the best epoch, with its direction.
    package struct Objective: Sendable, Hashable {
        let channel: String
        let direction: Direction

        package init(channel: String, direction: Direction) {
            (self.channel, self.direction) = (channel, direction)
        }
    }

    /// A row with its epoch.
    package struct Entry: Sendable, Hashable {
        package let epoch: Int
        package let row: CurveRow
    }

    /// The objective; nil if it is not known, so that no epoch is the best.
    package let objective: Objective?
    /// The epoch of the maxima that the user stated; nil for none.
    private let statedEpoch: Int?
    /// The highest epoch; nil if the curve has none.
    package private(set) var highestEpoch: Int?
    /// The row in which the objective is best, of equal ones that of the lowest epoch; nil without a finite objective.
    package private(set) var best: Entry?
    /// The row of the stated epoch; nil if the curve has none.
    package private(set) var stated: Entry?
    /// The best epoch of a curve of which rows were removed; nil for a whole curve.
    private let thinnedBest: Int?
    /// True if the curve has the row of ``thinnedBest`` with a finite objective.
    private var hasThinnedBest = false
    /// The channels of all rows.
    package private(set) var channels: Set<ExactText> = []

    private var bestValue = 0.0
    /// The bytes before the objective's number in a row: `valid=`.
    private let label: [UInt8]
    /// The labels of all cells of the present row, and of the row whose channels were added last.
    private var (labels, latestLabels): ([UInt8], [UInt8]) = ([], [])

    /// - Parameter thinned: the record of the rows that were removed; nil for a whole curve.
    package init(objective: Objective?, statedEpoch: Int?, thinned: ThinnedCurve? = nil) {
        self.objective = objective
        self.statedEpoch = statedEpoch
        thinnedBest = thinned.flatMap { $0.removed > 0 ? $0.best : nil }
        label = objective.map { Array(CurveRow.label(of: $0.channel).utf8) } ?? []
    }

    /// Creates the digest for the curve of an experiment with a hash.
    package init(objective: Objective?, hash: [ExactText: String]) {
        let stated = hash[ExactText(ExperimentField.maxStated)].flatMap { StatedRow(text: $0) }
        self.init(
            objective: objective, statedEpoch: stated?.epoch,
            thinned: hash[ExactText(ExperimentField.thinned)].flatMap { ThinnedCurve(text: $0) })
    }

    /// True if the maxima follow from the curve. They do not without an objective, and if the curve was thinned and another client
    /// has removed the best row since: the next best one may be among those that were thinned out.
    package var decidesMaxima: Bool { objective != nil && (thinnedBest == nil || hasThinnedBest) }

    /// Returns whether the curve of an experiment was removed by another client: it has no row, and the hash has the number of its
    /// epochs. The values in the hash are then the last copy of the result.
    package func isLost(by hash: [ExactText: String]) -> Bool {
        highestEpoch == nil && hash[ExactText(ExperimentField.epochs)] != nil
    }

    /// Adds a field of the curve's hash. A field that is not a row of a curve is ignored, as everywhere.
    package mutating func add(epoch: Bytes, row: Bytes) {
        guard let number = epoch.decimal, number <= UInt64(Limits.integer) else { return }
        let epoch = Int(number)
        highestEpoch = max(highestEpoch ?? epoch, epoch)
        let text = { String(decoding: row, as: UTF8.self) }
        if epoch == statedEpoch, let row = CurveRow(text: text()), !row.cells.isEmpty {
            stated = Entry(epoch: epoch, row: row)
        }
        guard let number = objectiveNumber(in: row), number.isFinite else { return }
        if epoch == thinnedBest { hasThinnedBest = true }
        guard isBest(number.value, at: epoch),
            let row = CurveRow(text: text())
        else { return }
        best = Entry(epoch: epoch, row: row)
        bestValue = number.value
    }

    private func isBest(_ value: Double, at epoch: Int) -> Bool {
        guard let objective else { return false }
        guard let best else { return true }
        return value == bestValue ? epoch <= best.epoch : objective.direction.prefers(value, over: bestValue)
    }

    /// Returns the number of the objective in a row, and adds the channels of the row.
    private mutating func objectiveNumber(in row: Bytes) -> Number? {
        // Only names with special characters are quoted.
        guard !row.contains(UInt8(ascii: "\"")) else {
            guard let row = CurveRow(text: String(decoding: row, as: UTF8.self)) else { return nil }
            addChannels(of: row)
            return objective.flatMap { row[$0.channel] }
        }
        labels.removeAll(keepingCapacity: true)
        var found: Number?
        var start = row.startIndex
        while start < row.endIndex {
            guard let equals = row[start...].firstIndex(of: UInt8(ascii: "=")), equals > start else { return nil }
            let end = row[equals...].firstIndex(of: UInt8(ascii: " ")) ?? row.endIndex
            let cell = row[start...equals]
            labels += cell
            if found == nil, !label.isEmpty, cell.elementsEqual(label) {
                found = Number(Bytes(rebasing: row[(equals + 1)..<end]))
            }
            start = end + 1
        }
        // A row nearly always has the channels of the row before.
        if labels != latestLabels, let row = CurveRow(text: String(decoding: row, as: UTF8.self)) {
            addChannels(of: row)
            swap(&labels, &latestLabels)
        }
        return found
    }

    private mutating func addChannels(of row: CurveRow) {
        for cell in row.cells { channels.insert(ExactText(cell.channel)) }
    }
}
