import Glibc

/// A fault. The raw values appear in reports and are the values of the options `--only` and `--without`.
enum Fault: String, CaseIterable {
    case killTraining = "kill -9 training"
    case suspendTraining = "SIGSTOP training"
    case killIngest = "kill -9 ingest"
    case suspendIngest = "SIGSTOP ingest beyond its lease"
    case killRedis = "kill -9 redis"
    case cutFile = "redis stopped and last 64 KiB of the AOF cut"
    case failover = "failover without the last writes"
    case suspendRedis = "SIGSTOP redis"
    case changePartitions = "partitions changed by the recipe"
    case switchEarly = "partitions changed with a backlog"
    case deleteExperiments = "hypero-ingest delete of experiments"
    case deleteBattery = "hypero-ingest delete of a battery"
    case intruder = "another user plants journals"
    case killConnections = "CLIENT KILL of everything"
    case pause = "CLIENT PAUSE"
    case outOfMemory = "maxmemory reached"
    case busy = "BUSY script"
    case misconfigured = "MISCONF"
    case noReplicas = "NOREPLICAS"
    case latency = "network latency"
    case narrow = "network 10 KB/s"
    case sliced = "network replies in slices"
    case resets = "network resets"
    case cutReplies = "network cuts replies to EXEC"
    case oversized = "hostile server: oversized replies"
    case endless = "hostile server: endless lines"
    case flood = "hostile server: floods"
    case trickle = "hostile server: trickling replies"
    case wrongReplies = "hostile server: wrong replies"
    case silent = "network black hole"
    case unreachable = "network unreachable"

    // With several servers only:
    case killPrimary = "kill -9 of a primary"
    case suspendPrimary = "SIGSTOP of a primary"
    case promote = "promotion by hand"
    case killSeed = "the server in the URL is gone"
    case migrateSlot = "slot migrated"

    /// The server forgets everything. Only in a run of its own, whose judge is ``FlushedJudge``.
    case flushAll = "FLUSHALL"

    /// True if the fault may be combined with FLUSHALL. The clients of such a run keep an applied event for a second only, so
    /// that they forget some, and its judge knows neither deletions nor several deployments.
    var isJudgedWithFlushAll: Bool {
        switch self {
        case .cutFile, .failover, .changePartitions, .switchEarly, .deleteExperiments, .deleteBattery: false
        default: true
        }
    }

    /// True if the fault may occur in a run of searches, whose judge knows neither deletions nor several deployments.
    var isJudgedWithSearches: Bool {
        switch self {
        case .killTraining, .suspendTraining, .killIngest, .suspendIngest, .killRedis, .cutFile, .failover,
            .killConnections,
            .pause, .resets, .cutReplies, .killPrimary, .suspendPrimary, .promote:
            true
        default: false
        }
    }

    /// Returns whether the fault can be injected into the servers of a run; nil for a single server behind a faulty network.
    func isPossible(with servers: ServerGroup.Kind?) -> Bool {
        switch self {
        case .killPrimary, .suspendPrimary, .promote, .killSeed: servers != nil
        case .migrateSlot: servers == .cluster
        case .killTraining, .suspendTraining, .killIngest, .suspendIngest: true
        default: servers == nil && isPossible
        }
    }

    /// True if the fault can be injected on this machine. Only root can run a program as another user.
    private var isPossible: Bool { self != .intruder || geteuid() == 0 }
}
