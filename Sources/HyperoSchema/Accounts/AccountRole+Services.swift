// The rights of the ingest and of operators.
extension AccountRole {
    static let ingestRights: [AccountRight] = [
        // The lease, the reads and the transaction of every batch.
        AccountRight("set", .write, [.all], without: noEvents),
        AccountRight("get", .read, [.all], without: noEvents),
        AccountRight("pexpire", .write, [.all], without: noEvents),
        AccountRight("watch", .read, [.all], without: noEvents),
        AccountRight("multi", need: .required, without: noEvents),
        AccountRight("exec", need: .required, without: noEvents),
        AccountRight("time", need: .required, without: noEvents),
        AccountRight("xread", .read, [.all], without: noEvents),
        AccountRight("hget", .read, [.all], without: noEvents),
        AccountRight("hmget", .read, [.all], without: noEvents),
        AccountRight("hgetall", .read, [.all], without: noEvents),
        AccountRight("zscore", .read, [.all], without: noEvents),
        AccountRight("zrange", .read, [.all], without: noEvents),
        AccountRight("hset", .write, [.all], without: noEvents),
        AccountRight("hincrby", .readWrite, [.all], without: noEvents),
        AccountRight("zadd", .write, [.all], without: noEvents),
        AccountRight("xlen", .read, [.all], without: noEvents),
        AccountRight("xrevrange", .read, [.all], without: noEvents),
        // Some batches.
        AccountRight("hdel", .write, [.all], without: "the partition stops when a value leaves an experiment"),
        AccountRight("zrem", .write, [.all], without: "the partition stops when an experiment leaves a ranking"),
        AccountRight("xadd", .write, [.all], without: "the partition stops at an entry that cannot be applied"),
        AccountRight("unlink", .write, [.all], without: "the partition stops at a deletion"),
        AccountRight("xrange", .read, [.all], without: "the partition stops after a crash of the ingest"),
        AccountRight("xinfo|stream", .read, [.all], without: "hypero-ingest --drain fails"),
        AccountRight("type", .read, [.all], .useful, without: "what a crashed ingest left undone is not found"),
        AccountRight("unwatch", need: .useful, without: "a transaction may be discarded, and is then repeated"),
        AccountRight("hscan", .read, [.all], .useful, without: "a long curve is read in one command"),
        AccountRight("del", .write, [.all], .useful, without: "a standby waits until the lease expires"),
        AccountRight("zscan", .read, [.all], .occasional("for rebuild"), without: "a rebuild is not possible"),
        AccountRight("exists", .read, [.all], .useful, without: "streams of another number of partitions are not read"),
        AccountRight("scan", need: .useful, without: "a deletion misses experiments that no list contains"),
        AccountRight("xtrim", .write, [.all], .useful, without: "the streams grow without a limit"),
        AccountRight("memory|usage", .read, [.all], .useful, without: "dead letters are limited by their number only"),
        AccountRight("info", need: .useful, without: "the log does not warn of unsafe settings"),
        AccountRight("config|get", need: .useful, without: "the log does not warn of unsafe settings"),
    ]

    private static let noEvents = "no event is applied"

    /// The rights of an operator on top of those of queries.
    static let operatorRights: [AccountRight] = [
        AccountRight(
            "xadd", .write, [.control, .events, .dead], without: "nothing can be deleted, rebuilt or requeued"),
        AccountRight("hget", .read, [.all], without: "nothing can be deleted or rebuilt"),
        AccountRight("watch", .read, [.all], without: notRemoved),
        AccountRight("multi", need: .required, without: notRemoved),
        AccountRight("exec", need: .required, without: notRemoved),
        AccountRight("xdel", .write, [.dead, .control], without: notRemoved),
        AccountRight("type", .read, [.all], without: "dead letters cannot be requeued"),
        AccountRight("hincrby", .readWrite, [.ingest], without: "dead letters cannot be requeued"),
        AccountRight("hset", .write, [.ingest], without: "the dead letters of a crashed ingest cannot be requeued"),
        AccountRight("unwatch", need: .useful, without: "a transaction may be discarded, and is then repeated"),
        AccountRight("hdel", .write, [.ingest], without: "a warning of status cannot be ended by HDEL"),
    ]

    private static let notRemoved = "dead letters cannot be requeued or discarded"
}
