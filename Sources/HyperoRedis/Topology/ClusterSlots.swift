/// The reply to CLUSTER SLOTS: for each range of slots its first and last slot, and nodes of host, port, id and more, the primary first.
struct ClusterSlots: Sendable, Hashable {
    private struct Range: Sendable, Hashable {
        let first: Int
        let last: Int
        let primary: ClusterNode
    }

    /// The nodes, without repetitions, at most ``maxNodes``.
    private(set) var nodes: [ClusterNode] = []
    private var ranges: [Range] = []

    /// The bounds of the reply. A cluster of 1,000 nodes with a replica each takes 300 kB, and more if the slots of a node are not in one
    /// range.
    static let bounds = ReplyBounds(maxTextBytes: 256, maxTotalBytes: 2 << 20)
    /// The largest number of nodes: Redis recommends at most 1,000 primaries.
    private static let maxNodes = 2_000
    /// The number of slots of a cluster.
    private static let maxRanges = 16_384

    /// - Parameter ownHost: the host of the server that replied. A host that is null or empty is this one.
    init(_ reply: inout Reply, ownHost: String) throws(RedisError) {
        var known: Set<ClusterNode> = []
        for _ in 0..<(try reply.array() ?? 0) where ranges.count < Self.maxRanges && nodes.count < Self.maxNodes {
            let count = try reply.array() ?? 0
            var slots: [Int] = []
            for index in 0..<count {
                guard index >= 2 else {
                    slots.append(try reply.integer())
                    continue
                }
                guard let size = reply.nextArrayCount, size >= 2 else {
                    try reply.skip()
                    continue
                }
                guard let node = try Self.node(in: &reply, ownHost: ownHost) else { continue }
                if nodes.count < Self.maxNodes, known.insert(node).inserted { nodes.append(node) }
                if index == 2 { ranges.append(Range(first: slots[0], last: slots[1], primary: node)) }
            }
        }
    }

    /// - Returns: nil if the address cannot be one.
    private static func node(in reply: inout Reply, ownHost: String) throws(RedisError) -> ClusterNode? {
        let size = try reply.array() ?? 0
        let announced = try reply.string() ?? ""
        let port = try reply.integer()
        let id = size > 2 ? try reply.string() : nil
        for _ in 3..<max(size, 3) { try reply.skip() }
        let host = announced.isEmpty ? ownHost : announced
        guard (1...65_535).contains(port), RedisURL.isHost(host) || host == ClusterNode.unknownHost else { return nil }
        let isID = id.map { $0.utf8.count == 40 && $0.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F } } ?? false
        return ClusterNode(host: host, port: port, id: isID ? id : nil)
    }

    /// Returns the node that announces an address: the owner of a slot, if several announce the same.
    ///
    /// - Parameter slot: the slot of the redirect; nil if it is not known.
    func node(at host: String, _ port: Int, owning slot: Int?) -> ClusterNode? {
        let owner = slot.flatMap { slot in ranges.first { $0.first <= slot && slot <= $0.last }?.primary }
        if let owner, owner.announces(host, port) { return owner }
        return nodes.first { $0.announces(host, port) }
    }
}

/// A redirect that was checked with the cluster's list of nodes.
struct VerifiedRedirect: Sendable, Hashable {
    /// The node that the redirect names.
    let node: ClusterNode
    /// The list.
    let slots: ClusterSlots
}
