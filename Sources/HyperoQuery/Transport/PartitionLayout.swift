import HyperoSchema

/// The partitions that a namespace may have.
///
/// With one partition the keyspace is undivided (`{hypero}`). With several it is divided (`{hypero:0}`, `{hypero:1}`, …).
struct PartitionLayout {
    let namespace: String
    /// The partitions of the given number; nil if the number is not given and the partitions are discovered.
    let explicit: [Keyspace]?
    /// The keyspace of a deployment with one partition.
    let undivided: Keyspace

    /// The number of divided partitions that the first round trip of the discovery probes. Each later one probes as many
    /// as all before it, so that few are enough for all partitions.
    private static let probeSize = 16
    private static let maxPartitions = 16_384

    /// - Parameter partitions: the number of partitions; nil to discover them.
    init(namespace: String, partitions: Int?) throws(SchemaError) {
        self.namespace = namespace
        undivided = try Keyspace.all(namespace: namespace)[0]
        explicit = try partitions.map { count throws(SchemaError) in
            try Keyspace.all(namespace: namespace, partitions: count)
        }
    }

    /// The partitions to probe first: the explicit ones, or the undivided keyspace and the first 16 divided ones.
    var firstCandidates: [Keyspace] { explicit ?? [undivided] + divided(0..<Self.probeSize) }

    /// Returns the partitions to probe next.
    ///
    /// - Parameter count: the number of candidates so far.
    /// - Returns: nil if the partitions are explicit or all of them are probed.
    func candidates(after count: Int) -> [Keyspace]? {
        // The undivided keyspace is one of the candidates.
        let start = count - 1
        guard explicit == nil, start < Self.maxPartitions else { return nil }
        return divided(start..<min(2 * start, Self.maxPartitions))
    }

    /// The keyspaces that a client with another number of partitions would use. Empty if the partitions are discovered.
    var otherLayout: [Keyspace] {
        guard let explicit else { return [] }
        return explicit.count == 1 ? divided(0..<Self.probeSize) : [undivided]
    }

    private func divided(_ range: Range<Int>) -> [Keyspace] {
        // Cannot fail: the initializer has checked the namespace.
        let all = (try? Keyspace.all(namespace: namespace, partitions: max(range.upperBound, 2))) ?? []
        return Array(all[range])
    }
}
