import HyperoSchema

/// The choice of the rows of a curve that stay when it is thinned.
///
/// It needs the epochs, the channels of each row, and the extremes of each channel. The rows themselves are not kept in memory, because
/// a curve may have a million. Most rows have the same channels as others.
struct CurveThinning: CurveRowReader {
    fileprivate struct Channel {
        var lowest: CurveObjectives.Entry?
        var highest: CurveObjectives.Entry?
        var last: Int
        /// The first epoch whose value is nan or infinite.
        var firstNonFinite: Int?
    }

    private let objective: BatteryState.Objective
    private var channels: [ExactText: Channel] = [:]
    /// The epochs of the rows that have the same channels. A row that HSCAN returned twice is there twice.
    private var rows: [[ExactText]: [Int]] = [:]

    /// The number of combinations of channels that are told apart. The rows with further ones only fill what is left.
    private static let maxKinds = 256
    /// The number of rows in all parts, in multiples of those of the curve.
    private static let maxPartRows = 4

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
        let names = row.cells.map { ExactText($0.channel) }
        rows[rows[names] != nil || rows.count < Self.maxKinds ? names : [], default: []].append(epoch)
        for cell in row.cells {
            channels[ExactText(cell.channel), default: Channel(last: epoch)].add(cell.number, at: epoch)
        }
    }

    /// All epochs, ascending.
    var epochs: [Int] { Self.ascending(rows.values.joined()) }

    private static func ascending(_ epochs: some Sequence<Int>) -> [Int] {
        var unique: [Int] = []
        for epoch in epochs.sorted() where epoch != unique.last { unique.append(epoch) }
        return unique
    }

    /// The epoch with the best objective; nil if none has a finite one.
    var best: Int? {
        let channel = channels[ExactText(objective.channel)]
        return (objective.direction == .max ? channel?.highest : channel?.lowest)?.epoch
    }

    /// Returns the epochs of the rows that stay, ascending: the row of the maxima, the last one, and, within the limit, the first
    /// one, and of each channel, the objective first, the extremes, the last value and the first one that is not finite. The rest is
    /// even by epoch. Of it, the rows of an objective that many rows lack have half, and those of other such channels equal parts,
    /// so that a channel with few values keeps them.
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
        func keep(_ epoch: Int?) { if let epoch, kept.count < count { kept.insert(epoch) } }
        keep(first)
        let isObjective = { (channel: ExactText) in channel == ExactText(objective.channel) }
        let ordered = channels.sorted {
            isObjective($0.key) != isObjective($1.key) ? isObjective($0.key) : $0.key < $1.key
        }
        for (_, channel) in ordered {
            keep(channel.highest?.epoch)
            keep(channel.lowest?.epoch)
        }
        for (_, channel) in ordered {
            keep(channel.last)
            keep(channel.firstNonFinite)
        }
        let parts = parts(of: epochs.count)
        for (index, part) in parts.enumerated() {
            let room = count - kept.count
            let share = part.isObjective ? (room + 1) / 2 : room / (parts.count - index + 1)
            keepEvenly(share, of: part.epochs, in: &kept)
        }
        keepEvenly(count - kept.count, of: epochs, in: &kept)
        return kept.sorted()
    }

    /// Returns the epochs of each channel that many rows lack, once for channels that occur in the same rows: those of the objective,
    /// then the others, the fewest first. Of many such channels, the densest count as if all rows had them.
    ///
    /// - Parameter count: the number of rows.
    private func parts(of count: Int) -> [(epochs: [Int], isObjective: Bool)] {
        let rows = rows.sorted { $0.key.lexicographicallyPrecedes($1.key) }
        var found: [[Int]: Bool] = [:]
        for channel in channels.keys {
            let places = rows.indices.filter { rows[$0].key.contains(channel) }
            found[places] = found[places] ?? false || channel == ExactText(objective.channel)
        }
        let sparse = found.map {
            (places: $0.key, isObjective: $0.value, size: $0.key.reduce(0) { $0 + rows[$1].value.count })
        }
        .filter { $0.size < count - count / 10 }
        .sorted {
            guard $0.isObjective == $1.isObjective else { return $0.isObjective }
            return ($0.size, $0.places[0]) < ($1.size, $1.places[0])
        }
        var parts: [(epochs: [Int], isObjective: Bool)] = []
        var total = 0
        for part in sparse {
            total += part.size
            // So that the work is bounded.
            guard part.isObjective || total <= Self.maxPartRows * count else { break }
            parts.append((Self.ascending(part.places.map { rows[$0].value }.joined()), part.isObjective))
        }
        return parts
    }

    /// Keeps a number of further epochs, so that the largest distance between two neighbours is as small as possible; all if there
    /// are no more.
    private func keepEvenly(_ count: Int, of epochs: [Int], in kept: inout Set<Int>) {
        guard count > 0 else { return }
        var gaps: [Gap] = []
        var start = 0
        for index in 0...epochs.count where index == epochs.count || kept.contains(epochs[index]) {
            if index > start {
                let lower = start > 0 ? epochs[start - 1] : epochs[start]
                let upper = index < epochs.count ? epochs[index] : epochs[index - 1]
                gaps.append(Gap(epochs: epochs[start..<index], lower: Double(lower), upper: Double(upper)))
            }
            start = index + 1
        }
        Gap.share(count, among: &gaps)
        for gap in gaps { gap.addChosen(to: &kept) }
    }
}

/// Epochs between two that are kept, some of which are chosen.
private struct Gap {
    let epochs: ArraySlice<Int>
    /// The neighbours that are kept, or the first or the last epoch.
    let lower, upper: Double
    /// The number of epochs to choose.
    var count = 0

    /// The distance of neighbours after the choice.
    var distance: Double { count < epochs.count ? (upper - lower) / Double(count + 1) : 0 }

    /// Shares a number of choices among gaps: the smallest distance is found by bisection, and what is left goes to the widest.
    static func share(_ count: Int, among gaps: inout [Gap]) {
        func counts(_ distance: Double) -> [Int] {
            gaps.map { gap in
                Int(min(((gap.upper - gap.lower) / distance).rounded(.up) - 1, Double(gap.epochs.count)).rounded())
            }.map { max($0, 0) }
        }
        var (low, high) = (0.5, (gaps.map { $0.upper - $0.lower }.max() ?? 0) + 1)
        for _ in 0..<64 {
            let middle = (low + high) / 2
            if counts(middle).reduce(0, +) <= count { high = middle } else { low = middle }
        }
        for (index, chosen) in counts(high).enumerated() { gaps[index].count = chosen }
        var left = count - gaps.reduce(0) { $0 + $1.count }
        while left > 0 {
            let open = gaps.indices.filter { gaps[$0].count < gaps[$0].epochs.count }
            guard !open.isEmpty else { return }
            for index in open.sorted(by: { gaps[$0].distance > gaps[$1].distance }).prefix(left) {
                gaps[index].count += 1
                left -= 1
            }
        }
    }

    /// Adds the epochs nearest to equally distant ones.
    func addChosen(to kept: inout Set<Int>) {
        var from = epochs.startIndex
        for place in 0..<count {
            // Epochs may be beyond the numbers whose products are exact.
            let target = lower + (upper - lower) * Double(place + 1) / Double(count + 1)
            // Those that must follow need room.
            let choice = epochs[from..<(epochs.endIndex - (count - place - 1))]
            var index = choice.partitionPoint { Double($0) < target }
            if index == choice.endIndex { index -= 1 }
            if index > from, target - Double(epochs[index - 1]) <= Double(epochs[index]) - target { index -= 1 }
            kept.insert(epochs[index])
            from = index + 1
        }
    }
}

extension CurveThinning.Channel {
    fileprivate mutating func add(_ number: Number, at epoch: Int) {
        last = max(last, epoch)
        guard number.isFinite else {
            firstNonFinite = min(firstNonFinite ?? epoch, epoch)
            return
        }
        let entry = CurveObjectives.Entry(epoch: epoch, value: number.value)
        if lowest.map({ Self.precedes(entry, $0, by: <) }) ?? true { lowest = entry }
        if highest.map({ Self.precedes(entry, $0, by: >) }) ?? true { highest = entry }
    }

    /// Returns whether a value replaces an extreme. Of equal values, the one of the lower epoch counts.
    private static func precedes(
        _ entry: CurveObjectives.Entry, _ other: CurveObjectives.Entry, by isBeyond: (Double, Double) -> Bool
    ) -> Bool {
        entry.value == other.value ? entry.epoch < other.epoch : isBeyond(entry.value, other.value)
    }
}

extension RandomAccessCollection<Int> where Index == Int {
    /// Returns the index after the elements at the start that satisfy a condition, which no element after them satisfies.
    fileprivate func partitionPoint(where isBefore: (Int) -> Bool) -> Int {
        var (low, high) = (startIndex, endIndex)
        while low < high {
            let middle = (low + high) / 2
            if isBefore(self[middle]) { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
