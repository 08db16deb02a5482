/// A map that forgets what was not used lately, within a bound.
///
/// Two generations: what is added or found goes into the young one; when that is full, it becomes the old one, and the
/// old one goes. Cheaper than a list in order of use, and as good for experiments that come and go.
struct GenerationCache<Key: Hashable, Value> {
    private var young: [Key: Value] = [:]
    private var old: [Key: Value] = [:]
    private var youngCost = 0
    private let limit: Int

    /// - Parameter limit: the cost that each of the generations may have; a dearer value is not kept.
    init(limit: Int) {
        self.limit = limit
    }

    subscript(key: Key) -> Value? { young[key] ?? old[key] }

    mutating func insert(_ value: Value, for key: Key, cost: Int) {
        guard cost <= limit else {
            remove(key)
            return
        }
        if youngCost + cost > limit {
            old = young
            young = [:]
            youngCost = 0
        }
        // Replacing counts anew, which only makes a generation end sooner than it must.
        if young.updateValue(value, forKey: key) == nil { youngCost += cost }
    }

    mutating func remove(_ key: Key) {
        young[key] = nil
        old[key] = nil
    }

    mutating func removeAll() {
        young = [:]
        old = [:]
        youngCost = 0
    }
}
