import HyperoRedis
import HyperoSchema

/// The commands that read the state of the servers, each asked once, and their replies.
struct ServerStatusRequest {
    private var requested: Set<RedisURL> = []
    /// INFO, by server.
    private var infos: [(server: RedisURL, reply: PendingReply<String?>)] = []
    /// CLIENT LIST of each server.
    private var clientLists: [PendingReply<String?>] = []

    /// Appends the commands for the servers of partitions, without those that were asked before.
    ///
    /// The server of a partition is known after a command of it was answered, because a node of a cluster redirects.
    mutating func append(
        for partitions: [Keyspace], of connections: ConnectionPool, to pipeline: inout CommandPipeline
    ) {
        for keyspace in partitions {
            let server = connections.server(of: keyspace)
            guard requested.insert(server).inserted else { continue }
            infos.append((server, pipeline.append("INFO", in: keyspace, as: .string)))
            clientLists.append(pipeline.append("CLIENT", "LIST", "TYPE", "normal", in: keyspace, as: .string))
        }
    }

    /// Returns the state of the servers.
    func statuses() throws(QueryError) -> [ServerStatus] {
        var servers: [ServerStatus] = []
        for (server, reply) in infos {
            servers.append(ServerStatus(url: "\(server)", info: try reply.valueIfPermitted() ?? nil))
        }
        return servers
    }

    /// Returns the ingests that are connected to the servers; nil if the account must not list the connections of one.
    func ingests(database: Int) throws(QueryError) -> IngestConnections? {
        var all = ""
        for list in clientLists {
            guard let text = try list.valueIfPermitted().flatMap(\.self) else { return nil }
            all += text + "\n"
        }
        return IngestConnections(clientList: all, database: database)
    }
}
