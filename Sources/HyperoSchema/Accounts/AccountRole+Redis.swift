// The rights of Redis itself and of its administrator.
extension AccountRole {
    static let replicaRights = [
        AccountRight(
            "psync", need: .required, without: "a replica copies all keys at each connection, or receives nothing"),
        AccountRight(
            "replconf", need: .required,
            without: "a primary does not know that its replica is up to date, and refuses writes (NOREPLICAS)"),
        AccountRight(
            "ping", need: .occasional("for a Redis that sends PING after the login"),
            without: "the replica receives nothing"),
        AccountRight("sync", need: .occasional("for redis-cli --rdb"), without: "redis-cli --rdb makes no backup"),
    ]

    /// Those that the documentation of Sentinel lists.
    static let sentinelRights = [
        AccountRight("ping", need: .required, without: notWatched),
        AccountRight("info", need: .required, without: notWatched),
        AccountRight("role", need: .required, without: notWatched),
        AccountRight("subscribe", need: .required, without: "the sentinels do not find each other"),
        AccountRight("publish", need: .required, without: "the sentinels do not find each other"),
        AccountRight("multi", need: .required, without: notPromoted),
        AccountRight("exec", need: .required, without: notPromoted),
        AccountRight("slaveof", need: .required, without: notPromoted),
        AccountRight("config|rewrite", need: .required, without: "a promotion is lost at a restart"),
        AccountRight("client|kill", need: .required, without: "clients stay connected to a former primary"),
        AccountRight("client|setname", need: .useful, without: "the connections have no name in CLIENT LIST"),
        AccountRight("script|kill", need: .useful, without: "a script that does not end is not ended"),
    ]

    static let adminRights = [
        AccountRight("@all", .readWrite, [.everything], without: "some commands or keys are denied")
    ]

    private static let notWatched = "the sentinels take the server for one that is down"
    private static let notPromoted = "no replica is promoted"
}
