import HyperoSchema

/// The choice of the rows of a curve that stay when it is thinned.
///
/// It needs the epochs, and the extremes of each channel. The rows themselves are not kept in memory, because a curve may have a
/// million.
struct CurveThinning: CurveRowReader {
    private typealias Entry = CurveObjectives.Entry

    private let objective: BatteryState.Objective
    private var allEpochs: [Int] = []
    private var extremes: [ExactText: (lowest: Entry, highest: Entry)] = [:]

    init(of objective: BatteryState.Objective) {
        self.objective = objective
    }

    /// Adds a field of the curve's hash. A field that is not a row of a curve is ignored.
    mutating func add(epoch: Bytes, row: Bytes) {
        guard let epoch = epoch.decimal, epoch <= UInt64(Int.max),
            let row = CurveRow(text: String(decoding: row, as: UTF8.self))
        else { return }
        add(epoch: Int(epoch), row)
    }

    /// Adds a row.
    mutating func add(epoch: Int, _ row: CurveRow) {
        allEpochs.append(epoch)
        for cell in row.cells where cell.number.isFinite {
            let entry = Entry(epoch: epoch, value: cell.number.value)
            guard let known = extremes[ExactText(cell.channel)] else {
                extremes[ExactText(cell.channel)] = (entry, entry)
                continue
            }
            if Self.precedes(entry, known.lowest, by: <) { extremes[ExactText(cell.channel)]?.lowest = entry }
            if Self.precedes(entry, known.highest, by: >) { extremes[ExactText(cell.channel)]?.highest = entry }
        }
    }

    /// Returns whether a value replaces an extreme. Of equal values, the one of the lower epoch counts.
    private static func precedes(_ entry: Entry, _ other: Entry, by isBeyond: (Double, Double) -> Bool) -> Bool {
        entry.value == other.value ? entry.epoch < other.epoch : isBeyond(entry.value, other.value)
    }

    /// All epochs, ascending.
    var epochs: [Int] {
        var epochs: [Int] = []
        epochs.reserveCapacity(allEpochs.count)
        for epoch in allEpochs.sorted() where epoch != epochs.last { epochs.append(epoch) }
        return epochs
    }

    /// The epoch with the best objective; nil if none has a finite one.
    var best: Int? {
        extremes[ExactText(objective.channel)].map { objective.direction == .max ? $0.highest.epoch : $0.lowest.epoch }
    }

    /// Returns the epochs of the rows that stay, ascending: the row of the maxima, the last one, and, within the limit, the first
    /// one, those of the extremes of the objective and of the other channels by name, and others evenly by epoch.
    ///
    /// - Parameters:
    ///   - epochs: ``epochs``.
    ///   - pinned: the epochs of the maxima that the user stated, and of the hash.
    func kept(of epochs: [Int], limit: CurveLimit, pinned: [Int]) -> [Int] {
        guard let first = epochs.first, let last = epochs.last else { return [] }
        var kept: Set = [last]
        if let best { kept.insert(best) }
        for epoch in pinned {
            let index = epochs.partitionPoint { $0 < epoch }
            if index < epochs.count, epochs[index] == epoch { kept.insert(epoch) }
        }
        guard case .rows(let count) = limit else { return kept.sorted() }
        guard epochs.count > count else { return epochs }
        func keep(_ epoch: Int) { if kept.count < count { kept.insert(epoch) } }
        keep(first)
        let isObjective = { (channel: ExactText) in channel == ExactText(objective.channel) }
        let channels = extremes.sorted {
            isObjective($0.key) != isObjective($1.key) ? isObjective($0.key) : $0.key < $1.key
        }
        for (_, extremes) in channels {
            keep(extremes.highest.epoch)
            keep(extremes.lowest.epoch)
        }
        let room = count - kept.count
        guard room > 0 else { return kept.sorted() }
        for place in 1...room {
            // Epochs may be beyond the numbers whose products are exact.
            let target = Double(first) + (Double(last) - Double(first)) * Double(place) / Double(room + 1)
            kept.insert(Self.nearest(to: target, in: epochs, except: kept))
        }
        return kept.sorted()
    }

    /// Returns the epoch nearest to a target among those that are not kept yet, of which there is one.
    private static func nearest(to target: Double, in epochs: [Int], except kept: Set<Int>) -> Int {
        var upper = epochs.partitionPoint { Double($0) < target }
        var lower = upper - 1
        while true {
            while upper < epochs.count, kept.contains(epochs[upper]) { upper += 1 }
            while lower >= 0, kept.contains(epochs[lower]) { lower -= 1 }
            guard upper < epochs.count else { return epochs[max(lower, 0)] }
            guard lower >= 0 else { return epochs[upper] }
            return Double(epochs[upper]) - target < target - Double(epochs[lower]) ? epochs[upper] : epochs[lower]
        }
    }
}

extension [Int] {
    /// Returns the number of elements at the start that satisfy a condition, which no element after them satisfies.
    fileprivate func partitionPoint(where isBefore: (Int) -> Bool) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if isBefore(self[middle]) { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
