// The rights of the programs that log and of those that query.
extension AccountRole {
    static let loggerRights = [
        AccountRight("xadd", .write, [.events], without: "no event is sent")
    ]

    static let trainingRights =
        loggerRights + [
            AccountRight(
                "hget", .read, [.producers], .useful,
                without:
                    "the client does not know which events are applied, and sends the latest ones again"
            ),
            AccountRight(
                "hget", .read, [.experiments], .useful,
                without: "a resumed experiment does not know the number of its attempt"),
            AccountRight(
                "hget", .read, [.batteries], .useful,
                without: "a declaration that has no effect, because another one was the first, is not reported"),
            AccountRight(
                "hget", .read, [.searches], .useful,
                without:
                    "a declaration of a search that has no effect, because another one was the first, is not reported"),
            AccountRight(
                "hgetall", .read, [.searches, .experiments], .useful,
                without:
                    "a sampler does not learn, and a trial that is given again has other hyper-parameters than before"),
            AccountRight(
                "xrange", .read, [.searches], .useful,
                without: "a sampler does not know the results of other processes"),
            AccountRight(
                "xrange", .read, [.events], .useful,
                without: "the client does not know what Redis has lost, and sends the latest events again"),
        ]

    /// The rights to send each batch of events as a transaction.
    static func transactionRights(_ need: AccountRight.Need) -> [AccountRight] {
        ["multi", "exec", "discard"].map {
            AccountRight(
                $0, need: need,
                without: "events are sent one by one, out of order while Redis refuses some writes")
        }
    }

    static let queryRights = [
        AccountRight("zrange", .read, [.all], without: "all queries of a battery are denied"),
        AccountRight("zcard", .read, [.all], without: "all queries of a battery are denied"),
        AccountRight("hmget", .read, [.all], without: "all queries of a battery or an experiment are denied"),
        AccountRight("hgetall", .read, [.all], without: "rankings, experiments and curves are denied"),
        AccountRight("zscore", .read, [.all], without: "rank with --by, --columns or --group is denied"),
        AccountRight("exists", .read, [.all], without: "show, curves, dead and status are denied"),
        AccountRight("scan", need: .required, without: "an id must be whole, and show of an unknown one is denied"),
        AccountRight("xlen", .read, [.all], without: "dead is denied"),
        AccountRight("xrevrange", .read, [.all], without: "dead and watch are denied"),
        AccountRight("xread", .read, [.all], .useful, without: "watch asks for events once per second"),
        AccountRight(
            "xrange", .read, [.all],
            without: "search and explain are denied, and status does not know the age of the backlog"),
        AccountRight("xinfo|stream", .read, [.all], .useful, without: "status does not know the backlog, and warns"),
        AccountRight("get", .read, [.all], .useful, without: "status does not know the owner, and warns"),
        AccountRight("zcount", .read, [.all], .useful, without: "show does not know the rank of an experiment"),
        AccountRight("info", need: .useful, without: "status does not know the version and the memory of Redis"),
        AccountRight("hscan", .read, [.all], without: "verify is denied"),
        AccountRight("ttl", .read, [.all], .useful, without: "verify does not look for keys that never expire"),
        AccountRight(
            "asking", need: .occasional("in a Redis Cluster"),
            without: "a partition whose hash slot migrates is left out"),
        AccountRight("client|list", need: .useful, without: "status does not know the standbys"),
    ]
}
