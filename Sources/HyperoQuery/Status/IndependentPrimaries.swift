import HyperoCore
import HyperoRedis

/// The servers of a list that are primaries independently of each other, which a deployment must not have.
///
/// A program stays with the first primary that it finds. So some trainings log to one of them and some to the other, for example after
/// a former primary was started again without `replicaof`.
struct IndependentPrimaries {
    private let servers: [RedisURL]

    /// The longest wait for one server. One that is busy for longer is left out.
    private static let maxWait = Duration.seconds(1)
    /// The time after which no further server is asked.
    private static let maxTotal = Duration.seconds(3)

    /// Asks each server of the URL for its role: each address of a name, if the name has several.
    ///
    /// Commands: PING to all of them at the same time, then INFO to those that have answered within a second. A server that does not answer,
    /// a node of a cluster, and a server under a second address are left out, as is one whose account must not run the command.
    init(of url: RedisURL) {
        guard url.namesSeveral else {
            servers = []
            return
        }
        var found: [(server: RedisURL, run: String)] = []
        let answering = RedisConnection.answeringServers(of: url, within: Self.maxWait)
        let end = MonotonicTime.now + Self.maxTotal
        for server in answering where .now < end {
            guard let info = Self.info(of: server), info["role"] == "master", info["cluster_enabled"] != "1",
                let run = info["run_id"], !found.contains(where: { $0.run == run })
            else { continue }
            found.append((server, run))
        }
        servers = found.map(\.server)
    }

    private static func info(of server: RedisURL) -> ServerInfo? {
        var text: String?
        _ = try? RedisConnection.open(
            to: server, name: "hypero-query", timeout: maxWait, deadline: .now + maxWait, bounds: .small,
            check: { connection throws(RedisError) in
                var reply = try connection.call("INFO")
                text = try reply.string()
            })
        return text.map { ServerInfo($0) }
    }

    /// The warning about them; nil if there are not several.
    var warning: String? {
        guard servers.count > 1 else { return nil }
        let others = servers.dropFirst().map(\.description).joined(separator: ", ")
        return
            "\(servers[0]) is a primary, and so is \(others): some trainings may log to one and some to the other. Look at what each "
            + "has (hypero-query --redis with its address alone), then make all but one replicas (REPLICAOF). A replica loses its own data"
    }
}
