extension RedisServer {
    /// Starts a cluster of two nodes on loopback ports, and waits until it is ready.
    ///
    /// - Returns: the nodes: the owner of the slots 0 to 4095, then the owner of the others.
    package static func startCluster() throws -> [RedisServer] {
        try startCluster(firstSlots: [0, 4_096], hasReplicas: false, timeout: 5_000, configuration: [])
    }

    /// Starts a cluster on loopback ports, and waits until it is ready.
    ///
    /// - Parameters:
    ///   - primaries: the number of primaries, which share the slots equally.
    ///   - hasReplicas: true for a replica of each primary.
    ///   - configuration: further lines of the configuration of all nodes.
    /// - Returns: the primaries, then the replicas in the same order.
    package static func startCluster(
        primaries: Int, hasReplicas: Bool, configuration: [String] = []
    ) throws -> [RedisServer] {
        try startCluster(
            firstSlots: (0..<primaries).map { $0 * 16_384 / primaries }, hasReplicas: hasReplicas, timeout: 2_000,
            configuration: configuration)
    }

    private static func startCluster(
        firstSlots: [Int], hasReplicas: Bool, timeout: Int, configuration: [String]
    ) throws -> [RedisServer] {
        let settings = [
            "cluster-enabled yes", "cluster-node-timeout \(timeout)", "cluster-replica-validity-factor 0",
        ]
        let count = firstSlots.count
        let nodes = try (0..<(hasReplicas ? 2 * count : count)).map { _ in
            try RedisServer(tcp: true, configuration: settings + configuration)
        }
        for (index, first) in firstSlots.enumerated() {
            let last = index + 1 < count ? firstSlots[index + 1] - 1 : 16_383
            nodes[index].cli("CLUSTER", "ADDSLOTSRANGE", "\(first)", "\(last)")
            if index > 0 { nodes[index].cli("CLUSTER", "SET-CONFIG-EPOCH", "\(index + 1)") }
        }
        for node in nodes.dropFirst() { nodes[0].cli("CLUSTER", "MEET", "127.0.0.1", "\(node.port ?? 0)") }
        if hasReplicas {
            for index in 0..<count {
                let id = nodes[index].cli("CLUSTER", "MYID")
                let follows = eventually(within: .seconds(30)) {
                    nodes[count + index].cli("CLUSTER", "REPLICATE", id) == "OK"
                }
                guard follows else { throw TestFailure("a replica does not follow: \(nodes[count + index].log)") }
            }
        }
        let isReady = eventually(within: .seconds(30)) {
            nodes.allSatisfy { node in
                node.cli("CLUSTER", "INFO").contains("cluster_state:ok")
                    && (!hasReplicas || node.cli("CLUSTER", "NODES").split(separator: "\n").count == nodes.count)
            }
        }
        guard isReady else { throw TestFailure("the cluster is not ready: \(nodes[0].cli("CLUSTER", "INFO"))") }
        return nodes
    }
}
