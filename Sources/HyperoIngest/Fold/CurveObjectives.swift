package import HyperoSchema

/// The objective of each epoch of a curve, as read from Redis.
///
/// The search for the best epoch needs no more of a curve. A row has up to 1,024 channels, and its strings would cost
/// ten times the memory of its objective.
package struct CurveObjectives: Sendable {
    /// The epochs whose objective is present and finite.
    private(set) var entries: [BestEpochs.Entry] = []
    private let channel: String
    /// The bytes before the objective's number in a row: `valid=`.
    private let label: [UInt8]

    /// - Parameter channel: the objective of the battery.
    package init(of channel: String) {
        self.channel = channel
        label = Array(CurveRow.label(of: channel).utf8)
    }

    /// Adds the objective of a field of the curve's hash. A field that is not a row of a curve is ignored, as everywhere.
    package mutating func add(epoch: Bytes, row: Bytes) {
        guard let epoch = epoch.decimal, epoch <= UInt64(Int.max), let number = objective(in: row), number.isFinite
        else { return }
        entries.append(BestEpochs.Entry(epoch: Int(epoch), value: number.value))
    }

    private func objective(in row: Bytes) -> Number? {
        // Only names with special characters are quoted.
        guard !row.contains(UInt8(ascii: "\"")) else {
            return CurveRow(text: String(decoding: row, as: UTF8.self))?[channel]
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
