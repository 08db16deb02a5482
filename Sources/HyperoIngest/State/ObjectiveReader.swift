package import HyperoSchema

/// The reader of the epochs and their objectives from the fields of a curve's hash.
package struct ObjectiveReader: CurveRowReader {
    private let objective: BatteryState.Objective
    /// The bytes before the objective's number in a row: `valid=`.
    private let label: [UInt8]
    private var entries: [CurveObjectives.Entry] = []
    private var allEpochs: [Int] = []

    package init(of objective: BatteryState.Objective) {
        self.objective = objective
        label = Array(CurveRow.label(of: objective.channel).utf8)
    }

    /// The number of epochs read whose objective is present and finite.
    package var count: Int { entries.count }

    /// The objectives read so far.
    package var objectives: CurveObjectives { CurveObjectives(of: objective, entries) }

    /// All epochs read so far, ascending. HSCAN may return an epoch twice.
    package var epochs: [Int] {
        var epochs: [Int] = []
        epochs.reserveCapacity(allEpochs.count)
        for epoch in allEpochs.sorted() where epoch != epochs.last { epochs.append(epoch) }
        return epochs
    }

    /// Adds a field of the hash. A field that is not a row of a curve is ignored, as everywhere.
    package mutating func add(epoch: Bytes, row: Bytes) {
        guard let epoch = epoch.decimal, epoch <= UInt64(Int.max) else { return }
        allEpochs.append(Int(epoch))
        guard let number = number(in: row), number.isFinite else { return }
        entries.append(CurveObjectives.Entry(epoch: Int(epoch), value: number.value))
    }

    private func number(in row: Bytes) -> Number? {
        // Only names with special characters are quoted.
        guard !row.contains(UInt8(ascii: "\"")) else {
            return CurveRow(text: String(decoding: row, as: UTF8.self))?[objective.channel]
        }
        var found: Number?
        var rest = row[...]
        while !rest.isEmpty {
            let end = rest.firstIndex(of: UInt8(ascii: " ")) ?? rest.endIndex
            let cell = rest[..<end]
            guard let equals = cell.firstIndex(of: UInt8(ascii: "=")), equals > cell.startIndex,
                let number = Number(Bytes(rebasing: cell[(equals + 1)...]))
            else { return nil }
            if found == nil, cell[...equals].elementsEqual(label) { found = number }
            rest = rest[end...].dropFirst()
            if rest.isEmpty, end < row.endIndex { return nil }
        }
        return found
    }
}
