import Foundation
import HyperoRedis
import HyperoSchema
import Synchronization

/// The longest time without an applied event, observed by a thread of its own while trainings log all the time.
///
/// In a cluster, the partitions stall independently of each other: each is observed by itself.
final class StallWatch: Sendable {
    private struct State {
        var isEnding = false
        var longest: [String: Duration] = [:]
    }

    private let state = Mutex(State())

    init(_ url: RedisURL, _ keyspaces: [Keyspace]) {
        for keyspace in keyspaces {
            Thread.detachNewThread { [self] in observe(keyspace, at: url) }
        }
    }

    private func observe(_ keyspace: Keyspace, at url: RedisURL) {
        var last = ContinuousClock.now
        var applied = ""
        while !state.withLock({ $0.isEnding }) {
            let found = (try? Self.applied(keyspace, at: url)) ?? nil
            let now = ContinuousClock.now
            if let found, found != applied { (applied, last) = (found, now) }
            state.withLock { $0.longest[keyspace.tag] = max($0.longest[keyspace.tag] ?? .zero, now - last) }
            Thread.sleep(forTimeInterval: 0.05)
        }
    }

    private static func applied(_ keyspace: Keyspace, at url: RedisURL) throws -> String? {
        var connection = try PartitionConnection.open(keyspace, at: url, timeout: .seconds(1))
        var reply = try connection.call("HGET", keyspace.ingest, IngestField.applied)
        return try reply.string()
    }

    /// Ends the observation, and returns the longest stall of each partition.
    func end() -> String {
        state.withLock { state in
            state.isEnding = true
            return state.longest.sorted { $0.key < $1.key }
                .map {
                    "\($0.key) \($0.value.formatted(.units(allowed: [.seconds], fractionalPart: .show(length: 1))))"
                }
                .joined(separator: ", ")
        }
    }
}

/// A connection to the server that has the keys of a partition.
enum PartitionConnection {
    static func open(
        _ keyspace: Keyspace, at url: RedisURL, timeout: Duration = .seconds(60)
    ) throws(RedisError) -> RedisConnection {
        var topology = Topology(seed: url)
        var connection = try topology.open(for: .writing, name: "chaos", timeout: timeout)
        for _ in 0..<Topology.maxRedirects {
            let reply = try connection.call("EXISTS", keyspace.events)
            guard let error = reply.error else { return connection }
            guard topology.follow(connection.verified(error)) else { throw error }
            connection = try topology.open(for: .writing, name: "chaos", timeout: timeout)
        }
        return connection
    }
}
