import HyperoSchema

/// A row outside of a ``RowTable``, kept from batch to batch.
struct KeptRow: Sendable, Hashable {
    /// The shape; nil if the row has no cell.
    let shape: RowShape?
    let numbers: [Number]

    /// The approximate memory of the row in bytes, without its shape, which is shared.
    var cost: Int { 64 + numbers.count * MemoryLayout<Number>.stride }

    static func == (left: Self, right: Self) -> Bool {
        guard let leftShape = left.shape, let rightShape = right.shape else {
            return left.shape == nil && right.shape == nil
        }
        return left.numbers == right.numbers && leftShape.hasSameChannels(as: rightShape)
    }

    func hash(into hasher: inout Hasher) { hasher.combine(numbers) }
}
