import HyperoCore
import HyperoRedis
import HyperoSchema
import Logging

/// The derivation of lists, rankings, columns and maxima from the hashes and learning curves of experiments, by the owner of the
/// partition.
///
///     experiments: SCAN --> HGETALL, HSCAN curve --> HSET maxima, ZADD list, ZADD rankings
///     batteries:   HMGET --> ZADD batteries, ZADD columns;  ZSCAN list, ZSCAN rankings --> ZREM what no hash has
///
/// The owner applies events between two slices of the work. They change the same keys by the same rules, so that what is derived
/// stays right, and what is not derived yet is derived later. Each part is a fenced transaction of a few milliseconds. A shutdown
/// or a kill ends the work between two of them. The cursor of the control stream is written at the end, so that the next owner starts
/// the rebuild again: it changes nothing twice.
///
/// A key that cannot be read is counted as an error, and the work goes on with the others. ``RebuildAttempts`` ends a rebuild that
/// cannot go on.
struct Rebuild {
    /// The outcome of a slice.
    enum Step {
        case done
        /// The slice has ended, and there is further work.
        case paused
        /// The state must be read again, or a shutdown is requested.
        case stopped
    }

    /// A part of the work after the experiments.
    enum Task {
        case battery(BatteryID)
        /// The removal of members without a hash from a battery's list.
        case list(BatteryID)
        /// The removal of members without a value from a ranking.
        case ranking(BatteryID, channel: String)
    }

    /// The command that requested the rebuild.
    let command: StreamID
    /// The battery to rebuild; nil for all.
    let battery: BatteryID?
    let keyspace: Keyspace
    let logger: RateLimitedLogger
    let isShutdownRequested: () -> Bool

    var summary: RebuildSummary
    /// The number of parts that were done.
    private(set) var parts = 0
    /// The subjects whose hash another client has removed while it was corrected. What is left of them is to be removed.
    var vanished: [VanishedSubject] = []
    private var isBegun = false
    private var experiments: KeySearch
    /// The experiments that were found and not derived yet.
    var found: [ExperimentID] = []
    /// The keys of batteries, which are searched after the experiments.
    private var batteryKeys: KeySearch
    private var rankings: [BatteryID: Set<ExactText>] = [:]
    private var tasks: [Task]?
    /// The cursor of the present task; nil if it has not begun.
    private var taskCursor: String?
    /// The batteries that were found, with the times and columns of their experiments.
    var batteries: [BatteryID: FoundBattery] = [:]
    /// The objectives of batteries, for one slice; nil for a battery without one.
    var objectives: [BatteryID: CurveDigest.Objective?] = [:]

    /// The number of names in ``FoundBattery/columns`` of all batteries.
    var knownColumns = 0

    /// The times and columns of the experiments of a battery.
    struct FoundBattery {
        /// True if an experiment names the battery.
        var hasExperiments = false
        /// The earliest first event and the latest event of its experiments, in Unix milliseconds; nil if they do not say.
        var (started, updated): (Int64?, Int64?) = (nil, nil)
        /// Columns that Redis has. Those that are not known are looked up.
        var columns: Set<ExactText> = []
        /// The columns that Redis lacked, with the time of the earliest experiment that has them.
        var missing: [ExactText: Int64] = [:]
    }

    /// The longest slice while entries wait.
    static let slice: Duration = .milliseconds(200)
    /// The number of experiments per transaction.
    static let groupCount = 64
    /// The number of members per command that removes or adds some.
    static let partCount = 512
    /// The number of times that a transaction is sent that other clients abort.
    private static let maxAttempts = 64

    /// - Parameters:
    ///   - former: the numbers of the attempts of this owner before.
    ///   - searchCount: the number of keys that Redis looks at per part of a search.
    init(
        _ command: StreamID, of battery: BatteryID?, in keyspace: Keyspace, logger: RateLimitedLogger,
        former: RebuildSummary = RebuildSummary(), searchCount: Int = KeySearch.partCount,
        isShutdownRequested: @escaping () -> Bool
    ) {
        summary = former.changes
        self.command = command
        self.battery = battery
        self.keyspace = keyspace
        self.logger = logger
        self.isShutdownRequested = isShutdownRequested
        experiments = KeySearch(prefix: keyspace.experimentPrefix, partCount: searchCount)
        batteryKeys = KeySearch(
            prefix: battery.map { keyspace.battery($0) + ":" } ?? keyspace.batteryPrefix, partCount: searchCount)
    }

    /// Works until a time.
    mutating func run(
        until deadline: MonotonicTime, fence: inout Fence, over connection: inout RedisConnection
    ) throws(RedisError) -> Step {
        objectives = [:]
        if !isBegun { try begin(over: &connection) }
        while true {
            guard !isShutdownRequested() else { return .stopped }
            if fence.isDue, try !fence.renew(over: &connection) { return .stopped }
            let step = try runPart(fence: &fence, over: &connection)
            guard step == .paused else { return step }
            parts += 1
            if deadline <= .now { return .paused }
        }
    }

    /// Reads what a former owner has changed: HGET ingest rebuilt.
    private mutating func begin(over connection: inout RedisConnection) throws(RedisError) {
        var writer = RESPWriter(capacity: 256)
        writer.command("HGET", keyspace.ingest, IngestField.rebuilt)
        try connection.send(writer)
        var reply = try connection.receive(within: .fields)
        let text = reply.error == nil ? try reply.string() : nil
        // This owner knows the numbers of its last transaction, which were not written.
        if let former = text.flatMap({ RebuildSummary(text: $0, of: command) }) { summary.raise(to: former.changes) }
        if let battery { batteries[battery] = FoundBattery() }
        isBegun = true
    }

    private mutating func runPart(
        fence: inout Fence, over connection: inout RedisConnection
    ) throws(RedisError) -> Step {
        if !found.isEmpty {
            return try deriveFound(fence: &fence, over: &connection) ? .paused : .stopped
        }
        if !experiments.isComplete {
            var search = experiments
            let keys = try next(of: &search, over: &connection)
            experiments = search
            // The key of a curve has a colon after the id, and is no id.
            found = keys.compactMap { ExperimentID($0) }
            return .paused
        }
        if !batteryKeys.isComplete {
            var search = batteryKeys
            for key in try next(of: &search, over: &connection) { addBatteryKey(key) }
            batteryKeys = search
            return .paused
        }
        if tasks == nil {
            try addListedBatteries(over: &connection)
            makeTasks()
        }
        guard let task = tasks?.last else { return try finish(fence: &fence, over: &connection) ? .done : .stopped }
        guard try run(task, fence: &fence, over: &connection) else { return .stopped }
        if taskCursor == nil { tasks?.removeLast() }
        return .paused
    }

    /// Returns the next keys of a search. If the account must not run SCAN, or the server has no SCAN, the search ends with an error in
    /// the log.
    private mutating func next(
        of search: inout KeySearch, over connection: inout RedisConnection
    ) throws(RedisError) -> [String] {
        do {
            return try search.readPart(over: &connection)
        } catch {
            guard error.category == .denied || error.category == .refused else { throw error }
            fail("search the keys of \(keyspace.tag)", error)
            search.end()
            return []
        }
    }

    mutating func fail(_ action: String, _ error: RedisError) {
        summary[.errors] += 1
        logger.event("cannot \(action) for a rebuild: \(error.description)", level: .error)
    }

    /// Adds a key of a battery, without the prefix of the search: `<id>`, `<id>:rank:<channel>`, or with one battery `rank:<channel>`.
    private mutating func addBatteryKey(_ key: String) {
        let id: BatteryID?
        let suffix: String
        if let battery {
            (id, suffix) = (battery, ":" + key)
        } else {
            let end = key.utf8.firstIndex(of: UInt8(ascii: ":")) ?? key.endIndex
            (id, suffix) = (BatteryID(String(key[..<end])), String(key[end...]))
        }
        guard let id else { return }
        if batteries[id] == nil { batteries[id] = FoundBattery() }
        if let channel = suffix.dropping(prefix: ":rank:") { rankings[id, default: []].insert(ExactText(channel)) }
    }

    private mutating func makeTasks() {
        tasks = batteries.keys.sorted { $0.text > $1.text }.flatMap { id in
            (rankings[id] ?? []).sorted(by: >).map { Task.ranking(id, channel: $0.text) } + [.list(id), .battery(id)]
        }
    }

    /// Runs the next part of a task. ``taskCursor`` is nil after the last one.
    ///
    /// - Returns: false if the state must be read again.
    private mutating func run(
        _ task: Task, fence: inout Fence, over connection: inout RedisConnection
    ) throws(RedisError) -> Bool {
        var cursor = taskCursor
        defer { taskCursor = cursor }
        let (id, channel): (BatteryID, String?)
        switch task {
        case .battery(let battery): return try derive(battery, fence: &fence, over: &connection)
        case .list(let battery): (id, channel) = (battery, nil)
        case .ranking(let battery, let name): (id, channel) = (battery, name)
        }
        let key = channel.map { keyspace.rank(of: id, by: $0) } ?? keyspace.experiments(of: id)
        return try clean(key, of: id, channel: channel, cursor: &cursor, fence: &fence, over: &connection)
    }

    /// Ends a rebuild that cannot go on: HSET ingest control id rebuilt summary.
    ///
    /// - Parameter error: the error at which each attempt has ended.
    /// - Returns: false if the state must be read again.
    mutating func giveUp(
        after error: String, fence: inout Fence, over connection: inout RedisConnection
    ) throws(RedisError) -> Bool {
        if !isBegun { try begin(over: &connection) }
        summary[.errors] += 1
        logger.event("a rebuild was given up after \(RebuildAttempts.limit) attempts: \(error)", level: .error)
        return try commit([], fence: &fence, over: &connection, isLast: true)
    }

    /// Records the end: HSET ingest control id rebuilt summary.
    private mutating func finish(fence: inout Fence, over connection: inout RedisConnection) throws(RedisError) -> Bool
    {
        guard try commit([], fence: &fence, over: &connection, isLast: true) else { return false }
        let (batteries, experiments) = (summary[.batteries], summary[.experiments])
        let subject = battery.map { "battery \($0.text)" } ?? (batteries == 1 ? "1 battery" : "\(batteries) batteries")
        logger.event(
            "rebuilt \(subject) with \(experiments) experiment\(experiments == 1 ? "" : "s"): "
                + (summary.changeCount == 1 ? "1 change" : "\(summary.changeCount) changes"), level: .notice)
        return true
    }

    /// A command of a transaction that replies the number of what it has changed.
    struct Change {
        /// The number that the reply is added to; nil for none.
        let count: RebuildSummary.Count?
        let command: StaticString
        let key: String
        let arguments: [String]
        /// The subject of a hash that exists. If the reply to HSET is the number of its fields, the hash is new: another client has
        /// removed it before, and this is half of it.
        var subject: VanishedSubject?
    }

    /// Runs commands in a fenced transaction that also writes the summary, and counts their changes.
    ///
    /// A requeue or another client may write to the ingest's hash, which aborts the transaction. It is then sent again, because
    /// no owner has changed the keys that it was derived from.
    ///
    /// - Returns: false if the state must be read again.
    mutating func commit(
        _ changes: [Change], fence: inout Fence, over connection: inout RedisConnection, isLast: Bool = false,
        counts: RebuildSummary = RebuildSummary()
    ) throws(RedisError) -> Bool {
        guard isLast || !changes.isEmpty else { return true }
        var results: [Int?] = []
        // The numbers of the commands of this transaction are known after it, and written with the next one.
        let fields =
            [IngestField.rebuilt, summary.text(of: command)]
            + (isLast ? [IngestField.control, command.description] : [])
        var outcome: [(command: Int, error: RedisError)]?
        for _ in 0..<Self.maxAttempts where outcome == nil && fence.isHeld && !isShutdownRequested() {
            outcome = try fence.commit(over: &connection, results: &results) { [keyspace] writer in
                for change in changes { writer.add(change.command, key: change.key, change.arguments) }
                writer.add("HSET", key: keyspace.ingest, fields)
            }
        }
        guard let errors = outcome else { return false }
        for (change, result) in zip(changes, results) {
            if let count = change.count { summary[count] += result ?? 0 }
            if let subject = change.subject, result == change.arguments.count / 2 { vanished.append(subject) }
        }
        summary += counts
        for (index, error) in errors where index < changes.count {
            let change = changes[index]
            fail(
                "write",
                error.naming(key: change.key, expected: "\(change.command)".hasPrefix("Z") ? .sortedSet : .hash))
        }
        return true
    }
}
