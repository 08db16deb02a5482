package import HyperoSchema

/// A row outside of a ``RowTable``, kept from batch to batch.
package struct KeptRow: Sendable, Hashable {
    /// Nil if the row has no cell.
    let shape: RowShape?
    let numbers: [Number]

    init(shape: RowShape?, numbers: [Number]) {
        self.shape = shape
        self.numbers = numbers
    }

    package init(_ row: CurveRow) {
        shape = row.cells.isEmpty ? nil : RowShape(row.cells.map(\.channel))
        numbers = row.cells.map(\.number)
    }

    /// The approximate memory of the row in bytes, without its shape, which is shared.
    var cost: Int { 64 + numbers.count * MemoryLayout<Number>.stride }

    package static func == (left: Self, right: Self) -> Bool {
        guard let leftShape = left.shape, let rightShape = right.shape else {
            return left.shape == nil && right.shape == nil
        }
        return left.numbers == right.numbers && leftShape.hasSameChannels(as: rightShape)
    }

    package func hash(into hasher: inout Hasher) { hasher.combine(numbers) }
}
