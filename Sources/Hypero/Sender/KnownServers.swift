import HyperoRedis

/// The servers that a delivery of a thread has found last, with which its other deliveries begin.
///
///     if let known = callbacks.knownServers.topology(of: url) { topology = known }
///
/// Each orphaned journal has a connection of its own. Without this, each would wait for the servers that do not answer, and the events of
/// this process would wait meanwhile. A class, because the deliveries of one thread share it.
final class KnownServers {
    private var topology: Topology?

    /// Returns the topology for a delivery that has not connected yet; nil if no other one has.
    func topology(of url: RedisURL) -> Topology? {
        guard let topology, topology.seed == url else { return nil }
        return topology.withoutRedirect
    }

    /// Records the servers after a connection was opened.
    func record(_ topology: Topology) { self.topology = topology }
}
