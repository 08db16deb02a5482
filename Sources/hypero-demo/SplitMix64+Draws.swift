import HyperoCore

extension SplitMix64 {
    /// Returns a number drawn uniformly from -limit ..< limit.
    mutating func uniform(limit: Double) -> Double {
        (Double(next() >> 11) * 0x1p-53 * 2 - 1) * limit
    }

    /// Shuffles the items, each order with the same probability (Fisher and Yates).
    mutating func shuffle<Item>(_ items: inout [Item]) {
        guard items.count > 1 else { return }
        for last in stride(from: items.count - 1, to: 0, by: -1) {
            let other = next().multipliedFullWidth(by: UInt64(last + 1)).high
            items.swapAt(last, Int(other))
        }
    }
}
