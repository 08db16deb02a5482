/// A bounded cache that drops the values that were not inserted recently.
///
/// A value is inserted into the young generation. A full young generation becomes the old one, and the previous old
/// generation is dropped. This is cheaper than a list in order of use, and as effective for experiments, which run for
/// a while and end.
struct GenerationCache<Key: Hashable, Value> {
    private struct Entry {
        let value: Value
        let cost: Int
    }

    private var young: [Key: Entry] = [:]
    private var old: [Key: Entry] = [:]
    private var youngCost = 0
    private let limit: Int

    /// - Parameter limit: the maximum cost of each generation; a value with a higher cost is not cached.
    init(limit: Int) {
        self.limit = limit
    }

    var isEmpty: Bool { young.isEmpty && old.isEmpty }

    subscript(key: Key) -> Value? { (young[key] ?? old[key])?.value }

    /// Sets the value of a key.
    ///
    /// - Parameter value: the value; nil to remove the value of the key.
    mutating func set(_ value: Value?, for key: Key, cost: Int) {
        guard let value, cost <= limit else { return remove(key) }
        if youngCost + cost > limit {
            old = young
            young = [:]
            youngCost = 0
        }
        let replaced = young.updateValue(Entry(value: value, cost: cost), forKey: key)
        youngCost += cost - (replaced?.cost ?? 0)
    }

    private mutating func remove(_ key: Key) {
        youngCost -= young.removeValue(forKey: key)?.cost ?? 0
        old[key] = nil
    }

    mutating func removeAll() {
        young = [:]
        old = [:]
        youngCost = 0
    }
}
