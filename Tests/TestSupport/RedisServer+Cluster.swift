extension RedisServer {
    /// Starts a cluster of two nodes on loopback ports, and waits until it is ready.
    ///
    /// - Returns: the nodes: the owner of the slots 0 to 4095, then the owner of the others.
    package static func startCluster() throws -> [RedisServer] {
        let nodes = try (0..<2).map { _ in
            try RedisServer(tcp: true, configuration: ["cluster-enabled yes", "cluster-node-timeout 5000"])
        }
        nodes[0].cli("CLUSTER", "ADDSLOTSRANGE", "0", "4095")
        nodes[1].cli("CLUSTER", "ADDSLOTSRANGE", "4096", "16383")
        nodes[1].cli("CLUSTER", "SET-CONFIG-EPOCH", "2")
        nodes[0].cli("CLUSTER", "MEET", "127.0.0.1", "\(nodes[1].port ?? 0)")
        let isReady = eventually(within: .seconds(30)) {
            nodes.allSatisfy { $0.cli("CLUSTER", "INFO").contains("cluster_state:ok") }
        }
        guard isReady else { throw TestFailure("the cluster is not ready: \(nodes[0].cli("CLUSTER", "INFO"))") }
        return nodes
    }
}
