import HyperoSchema

/// The objective of each epoch of one whole curve, and the best epoch.
///
/// The search for the best epoch needs no more of a curve. A row has up to 1,024 channels, and its strings would cost
/// ten times the memory of its objective.
///
/// The epochs are in parts of at most 128, and a tournament tree holds the best epoch of each part, of each two parts, and
/// so on. A change costs the work of one part and the height of the tree; a new part among the others, or the first change
/// of a copy, as many steps as there are parts. Copies share the parts that they do not change.
package struct CurveObjectives: Sendable {
    /// An epoch whose objective is present and finite.
    struct Entry: Sendable, Hashable {
        let epoch: Int
        let value: Double
    }

    /// The objective of the battery.
    let objective: BatteryState.Objective
    /// The number of epochs whose objective is present and finite.
    package private(set) var count = 0
    private var parts: [Part] = []
    /// The tournament tree: its root is at 1, the children of `n` are at `2n` and `2n + 1`, and the leaves, one per part,
    /// start at half the size.
    private var winners: [Entry?] = [nil, nil]

    package init(of objective: BatteryState.Objective) {
        self.objective = objective
    }

    /// Creates the objectives of epochs in any order. Of two entries of one epoch, any may be taken.
    init(of objective: BatteryState.Objective, _ entries: [Entry]) {
        self.objective = objective
        WorkCounter.count(entries.count)
        for entry in entries.sorted(by: { $0.epoch < $1.epoch }) {
            if let last = parts.last, !last.isBefore(entry.epoch) { continue }
            count += 1
            if let last = parts.indices.last, parts[last].entries.count < Part.maxCount {
                parts[last].set(entry, by: objective)
            } else {
                parts.append(Part(entry))
            }
        }
        rebuildTree()
    }

    /// The best epoch; of equal objectives, the lower epoch is better. Nil without a finite objective.
    var best: Entry? { winners[1] }

    /// The approximate memory in bytes.
    var cost: Int { 200 + count * 24 + winners.count * MemoryLayout<Entry?>.stride }

    /// Sets the objective of an epoch.
    ///
    /// - Parameter value: the objective; nil if it is absent or not finite.
    mutating func set(_ value: Double?, at epoch: Int) {
        let index = max(parts.partitionPoint { $0.entries[0].epoch <= epoch } - 1, 0)
        let isPresent = index < parts.count && parts[index].contains(epoch)
        guard let value else {
            if isPresent { remove(epoch, fromPart: index) }
            return
        }
        let entry = Entry(epoch: epoch, value: value)
        if !isPresent {
            count += 1
            if index == parts.count { return insert(Part(entry), at: index) }
            if parts[index].entries.count == Part.maxCount {
                // Epochs mostly ascend, and then all parts are full.
                if index == parts.count - 1, parts[index].isBefore(epoch) { return insert(Part(entry), at: index + 1) }
                parts.insert(parts[index].split(by: objective), at: index + 1)
                rebuildTree()
                return setEntry(entry, ofPart: parts[index].isBefore(epoch) ? index + 1 : index)
            }
        }
        setEntry(entry, ofPart: index)
    }

    /// Removes an epoch and all later ones.
    mutating func removeAll(from epoch: Int) {
        let end = parts.partitionPoint { $0.entries[0].epoch < epoch }
        parts.removeSubrange(end...)
        if let last = parts.indices.last { parts[last].removeAll(from: epoch, by: objective) }
        count = parts.reduce(0) { $0 + $1.entries.count }
        WorkCounter.count(parts.count)
        rebuildTree()
    }

    private mutating func setEntry(_ entry: Entry, ofPart index: Int) {
        parts[index].set(entry, by: objective)
        updateTree(from: index)
    }

    private mutating func remove(_ epoch: Int, fromPart index: Int) {
        count -= 1
        parts[index].remove(epoch, by: objective)
        if parts[index].entries.isEmpty {
            parts.remove(at: index)
            // The others do not move if it was the last.
            if index == parts.count { updateTree(from: index) } else { rebuildTree() }
        } else {
            updateTree(from: index)
        }
    }

    private mutating func insert(_ part: Part, at index: Int) {
        parts.insert(part, at: index)
        // A new last part does not move the others.
        if index == parts.count - 1, parts.count <= winners.count / 2 { updateTree(from: index) } else { rebuildTree() }
    }
}

// MARK: - The tournament

extension CurveObjectives {
    private func better(_ entry: Entry?, _ other: Entry?) -> Entry? {
        guard let entry, let other else { return entry ?? other }
        return objective.isBetter(other, than: entry) ? other : entry
    }

    private mutating func updateTree(from part: Int) {
        var node = winners.count / 2 + part
        winners[node] = part < parts.count ? parts[part].best : nil
        while node > 1 {
            WorkCounter.count(1)
            node /= 2
            winners[node] = better(winners[2 * node], winners[2 * node + 1])
        }
    }

    private mutating func rebuildTree() {
        var leaves = 1
        while leaves < parts.count { leaves *= 2 }
        WorkCounter.count(leaves)
        winners = Array(repeating: nil, count: 2 * leaves)
        for index in parts.indices { winners[leaves + index] = parts[index].best }
        for node in stride(from: leaves - 1, to: 0, by: -1) {
            winners[node] = better(winners[2 * node], winners[2 * node + 1])
        }
    }
}

extension BatteryState.Objective {
    /// Returns whether an epoch is better than another; of equal objectives, the lower epoch is better.
    func isBetter(_ entry: CurveObjectives.Entry, than other: CurveObjectives.Entry) -> Bool {
        entry.value == other.value ? entry.epoch < other.epoch : direction.prefers(entry.value, over: other.value)
    }
}

/// Consecutive epochs of ``CurveObjectives`` and the best of them.
private struct Part {
    typealias Entry = CurveObjectives.Entry

    /// Ascending by epoch.
    private(set) var entries: [Entry]
    /// Nil without an entry.
    private(set) var best: Entry?

    static let maxCount = 128

    init(_ entry: Entry) {
        entries = [entry]
        best = entry
    }

    func isBefore(_ epoch: Int) -> Bool { entries.last.map { $0.epoch < epoch } ?? true }

    func contains(_ epoch: Int) -> Bool {
        let index = index(of: epoch)
        return index < entries.count && entries[index].epoch == epoch
    }

    mutating func set(_ entry: Entry, by objective: BatteryState.Objective) {
        let index = index(of: entry.epoch)
        if index < entries.count, entries[index].epoch == entry.epoch {
            entries[index] = entry
        } else {
            entries.insert(entry, at: index)
        }
        guard let best else { return self.best = entry }
        if objective.isBetter(entry, than: best) {
            self.best = entry
        } else if entry.epoch == best.epoch, entry != best {
            searchBest(by: objective)
        }
    }

    mutating func remove(_ epoch: Int, by objective: BatteryState.Objective) {
        entries.remove(at: index(of: epoch))
        if epoch == best?.epoch { searchBest(by: objective) }
    }

    mutating func removeAll(from epoch: Int, by objective: BatteryState.Objective) {
        entries.removeSubrange(index(of: epoch)...)
        searchBest(by: objective)
    }

    /// Removes and returns the upper half.
    mutating func split(by objective: BatteryState.Objective) -> Part {
        var upper = self
        let half = entries.count / 2
        entries.removeSubrange(half...)
        upper.entries.removeSubrange(..<half)
        searchBest(by: objective)
        upper.searchBest(by: objective)
        return upper
    }

    private mutating func searchBest(by objective: BatteryState.Objective) {
        WorkCounter.count(entries.count)
        best = entries.min { objective.isBetter($0, than: $1) }
    }

    /// Returns the index of an epoch, or the index at which it belongs.
    private func index(of epoch: Int) -> Int {
        entries.partitionPoint { $0.epoch < epoch }
    }
}

extension Array {
    /// Returns the number of elements at the start that satisfy a condition, which no element after them satisfies.
    fileprivate func partitionPoint(where isBefore: (Element) -> Bool) -> Int {
        var (low, high) = (0, count)
        while low < high {
            WorkCounter.count(1)
            let middle = (low + high) / 2
            if isBefore(self[middle]) { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
