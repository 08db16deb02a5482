/// A kind of program that connects to Redis. Each has an account of its own, whose rights are defined in this folder.
///
/// `hypero-ingest acl` prints the rights, `hypero-ingest acl --check` compares an account with them, and the article
/// *Accounts* lists them.
package enum AccountRole: String, Sendable, Hashable, CaseIterable {
    /// A program that only appends events, such as a shell script.
    case logger
    /// A training with the client library, which also reads what is applied.
    case training
    /// `hypero-query` and the queries of the bindings.
    case query
    /// `hypero-ingest run` and `replay`.
    case ingest
    /// A person who runs `hypero-ingest requeue`, `discard`, `delete` and `rebuild`, and queries.
    case `operator`
    /// A replica of the server, and `redis-cli --rdb`: both receive all keys.
    case replica
    /// The sentinels of the server.
    case sentinel
    /// The administrator of the server, who can do everything when the default user is switched off.
    case admin

    /// The programs of the role, for a help.
    package var programs: String {
        switch self {
        case .logger: "programs that only append events"
        case .training: "trainings, and hypero-ingest adopt"
        case .query: "hypero-query"
        case .ingest: "hypero-ingest run and replay"
        case .operator: "hypero-ingest requeue, discard, delete, rebuild, and queries"
        case .replica: "replicas of Redis, and redis-cli --rdb"
        case .sentinel: "Redis Sentinel"
        case .admin: "the administrator of Redis"
        }
    }

    /// True if the account is that of Redis itself or of its administrator. Its rights have nothing to do with the deployment.
    package var isOfRedis: Bool {
        switch self {
        case .logger, .training, .query, .ingest, .operator: false
        case .replica, .sentinel, .admin: true
        }
    }

    /// The channels of publish and subscribe, as patterns.
    package var channels: [String] {
        switch self {
        case .logger, .training, .query, .ingest, .operator, .replica: []
        case .sentinel: ["__sentinel__:hello"]
        case .admin: ["*"]
        }
    }

    /// The advice after an error of a missing right, without a full stop.
    package var advice: String { "Give the account the rights of hypero-ingest acl --role \(rawValue)" }

    /// True if the account has the keys of any number of partitions: the program discovers the partitions, or works on those of
    /// an earlier number.
    package var hasAllPartitions: Bool {
        switch self {
        case .logger, .training, .replica, .sentinel, .admin: false
        case .query, .ingest, .operator: true
        }
    }

    /// The rights, each command on each group of keys once.
    package var rights: [AccountRight] {
        switch self {
        case .logger:
            Self.loggerRights + Self.transactionRights(.occasional("for the client library")) + Self.connectionRights
        case .training: Self.trainingRights + Self.transactionRights(.useful) + Self.connectionRights
        case .query: Self.queryRights + Self.connectionRights
        case .ingest: Self.ingestRights + Self.connectionRights
        case .operator: Self.operatorRights + Self.queryRights + Self.connectionRights
        case .replica: Self.replicaRights
        case .sentinel: Self.sentinelRights
        case .admin: Self.adminRights
        }
    }

    /// The rights that every connection uses.
    private static let connectionRights = [
        AccountRight(
            "client|setname", need: .occasional("for names in CLIENT LIST"),
            without: "connections have no name in CLIENT LIST, and hypero-query status lists no standbys"),
        AccountRight(
            "cluster|slots", need: .occasional("in a Redis Cluster"),
            without: "a redirect to another node of a cluster is reported, and not followed"),
        AccountRight(
            "cluster|myid", need: .occasional("in a Redis Cluster"),
            without: "a node that announces an address which does not answer is not found among those of the URL"),
        AccountRight(
            "role", need: .occasional("with several servers"),
            without: "a replica is found out by its first refused write only"),
    ]
}

extension AccountRight {
    /// Creates the right to run a command without keys.
    init(_ command: String, need: Need, without: String) {
        self.init(command, .read, [], need, without: without)
    }
}
