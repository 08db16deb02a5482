import HyperoSchema

/// Which partitions there may be.
struct PartitionLayout {
    let namespace: String
    /// The partitions somebody named; nil when they are to be looked for.
    let given: [Keyspace]?
    /// The key space of a deployment that is not divided.
    let undivided: Keyspace

    /// How many partitions are looked for at once.
    private static let stride = 16

    init(namespace: String, partitions: Int?) throws(SchemaError) {
        self.namespace = namespace
        undivided = try Keyspace.all(namespace: namespace)[0]
        guard let partitions else {
            given = nil
            return
        }
        given = try Keyspace.all(namespace: namespace, partitions: partitions)
    }

    /// Where to look first: what was named, or the undivided key space and the first 16 partitions.
    var first: [Keyspace] { given ?? [undivided] + divided(0..<Self.stride) }

    /// Where to look next, when something was found among the last ones; nil when there is no more.
    func next(after count: Int) -> [Keyspace]? {
        let start = count - 1
        guard given == nil, start + Self.stride <= 16_384 else { return nil }
        return divided(start..<start + Self.stride)
    }

    /// Key spaces of the other layout, where nobody looks who was told this one.
    var others: [Keyspace] {
        guard let given else { return [] }
        return given.count == 1 ? divided(0..<Self.stride) : [undivided]
    }

    private func divided(_ range: Range<Int>) -> [Keyspace] {
        // The namespace was checked when the layout was made.
        let all = (try? Keyspace.all(namespace: namespace, partitions: max(range.upperBound, 2))) ?? []
        return Array(all[range])
    }
}
