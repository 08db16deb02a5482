import HyperoRedis
import HyperoSchema
import Logging

extension Deletion {
    /// The number of columns per command.
    private static let columnCount = 10_000

    /// Returns the keys of the rankings that the columns of a battery tell: ZRANGE columns start stop.
    ///
    /// - Returns: nil if the battery has no columns.
    private func listedRankings(
        of battery: BatteryID, over connection: inout RedisConnection
    ) throws(RedisError) -> [String]? {
        var rankings: [String] = []
        var start = 0
        while true {
            let end = start + Self.columnCount
            var reply = try connection.call("ZRANGE", keyspace.columns(of: battery), String(start), String(end - 1))
            if let error = reply.error, error.code != .wrongType { throw error }
            let columns = reply.error == nil ? try reply.strings() : []
            guard start > 0 || !columns.isEmpty else { return nil }
            rankings += columns.lazy.compactMap { $0?.dropping(prefix: Prefix.max) }
                .map { keyspace.rank(of: battery, by: $0) }
            guard columns.count == Self.columnCount else { return rankings }
            start = end
        }
    }

    /// Returns the keys of the rankings that may contain an experiment: ZRANGE columns start stop.
    ///
    /// If the battery has no columns and the hash of the experiment is not whole, SCAN finds the rankings. It looks at all keys of
    /// the server, so that it must not be the rule.
    ///
    /// - Parameter isWhole: true if the hash of the experiment names its rankings.
    /// - Returns: nil if the state must be read again, or if a shutdown is requested.
    func rankings(
        of battery: BatteryID, isWhole: Bool, fence: inout Fence, over connection: inout RedisConnection
    ) throws(RedisError) -> [String]? {
        if let listed = try listedRankings(of: battery, over: &connection) { return listed }
        if isWhole { return [] }
        return try keys(withPrefix: keyspace.rank(of: battery, by: ""), fence: &fence, over: &connection)
    }

    /// Returns all keys of a battery: those that its columns tell, and those that SCAN finds.
    ///
    /// - Returns: nil if the state must be read again, or if a shutdown is requested.
    func keys(
        of battery: BatteryID, fence: inout Fence, over connection: inout RedisConnection
    ) throws(RedisError) -> [String]? {
        let rankings = try listedRankings(of: battery, over: &connection) ?? []
        guard let found = try keys(withPrefix: keyspace.battery(battery) + ":", fence: &fence, over: &connection)
        else { return nil }
        let fixed = [
            keyspace.battery(battery), keyspace.columns(of: battery), keyspace.space(of: battery),
            keyspace.experiments(of: battery), keyspace.searches(of: battery),
        ]
        let searches = try listedSearches(of: battery, over: &connection)
        return Set((fixed + searches + rankings + found).lazy.map { ExactText($0) }).map(\.text)
    }

    /// Returns the keys of the searches of a battery: ZRANGE searches 0 -1, HMGET search …. A key of another type lists none.
    private func listedSearches(
        of battery: BatteryID, over connection: inout RedisConnection
    ) throws(RedisError) -> [String] {
        var list = try connection.call("ZRANGE", keyspace.searches(of: battery), "0", "-1")
        if let error = list.error, error.code != .wrongType { throw error }
        let ids = list.error == nil ? try list.strings().compactMap { $0.flatMap { SearchID($0) } } : []
        var keys: [String] = []
        for id in ids {
            keys += [keyspace.search(id), keyspace.trials(of: id)]
            keys += try rungs(of: id, over: &connection)
        }
        return keys
    }

    /// Returns the keys of the rungs that may contain an experiment; none if its id is not that of a trial.
    func rungs(
        of experiment: ExperimentID, over connection: inout RedisConnection
    ) throws(RedisError) -> [String] {
        var text = experiment.text
        guard let trial = text.withUTF8({ SearchID.trial(of: $0) }) else { return [] }
        return try rungs(of: trial.search, over: &connection)
    }

    /// Returns the keys of the rungs of a search: HMGET search stopping ….
    private func rungs(of search: SearchID, over connection: inout RedisConnection) throws(RedisError) -> [String] {
        let names = [
            SearchField.stopping, SearchField.stoppingEpochs, SearchField.stoppingFirst, SearchField.stoppingFactor,
        ]
        let values = try fields(names, of: keyspace.search(search), over: &connection)
        let rule = StoppingRule(kind: values[0], epochs: values[1], first: values[2], factor: values[3])
        return (rule?.rungs ?? []).map { keyspace.rung($0, of: search) }
    }

    private func keys(
        withPrefix prefix: String, fence: inout Fence, over connection: inout RedisConnection
    ) throws(RedisError) -> [String]? {
        var search = KeySearch(prefix: prefix)
        var keys: [String] = []
        while !search.isComplete {
            guard try mayContinue(fence: &fence, over: &connection) else { return nil }
            guard let part = try next(of: &search, over: &connection) else { break }
            keys += part.map { prefix + $0 }
        }
        return keys
    }

    /// Removes the experiments of a battery that its list lacks: SCAN …, HMGET experiment battery status ….
    ///
    /// - Returns: the number of experiments; nil if the state must be read again, or if a shutdown is requested.
    func deleteUnlisted(
        of battery: BatteryID, at time: Int64, fence: inout Fence, over connection: inout RedisConnection
    ) throws(RedisError) -> Int? {
        var search = KeySearch(prefix: keyspace.experimentPrefix)
        var count = 0
        while !search.isComplete {
            guard try mayContinue(fence: &fence, over: &connection) else { return nil }
            guard let keys = try next(of: &search, over: &connection) else { break }
            // The key of a curve has a colon after the id, and is no id.
            let found = try part(of: keys, in: battery, over: &connection) { $0 == battery.text }
            count += found.all.count
            let unended = Set(found.unended)
            for start in stride(from: 0, to: found.all.count, by: Self.partCount) {
                guard !isShutdownRequested() else { return nil }
                let all = Array(found.all[start..<min(start + Self.partCount, found.all.count)])
                let isCommitted = try commit([], fence: &fence, over: &connection) { writer in
                    write(Part(all: all, unended: all.filter { unended.contains($0) }), at: time, to: &writer)
                }
                guard isCommitted else { return nil }
            }
        }
        return count
    }

    /// Returns the next keys of a search; nil if the account must not run SCAN, or the server has no SCAN, which is logged.
    private func next(of search: inout KeySearch, over connection: inout RedisConnection) throws(RedisError)
        -> [String]?
    {
        do {
            return try search.readPart(over: &connection)
        } catch {
            guard error.category == .denied || error.category == .refused else { throw error }
            // The same message for all searches, so that it is logged at most once a minute.
            logger.event(
                "cannot search the keys of \(keyspace.tag), so those remain that no list contains: \(error.description). "
                    + "Permit SCAN", level: .error)
            return nil
        }
    }

    /// Renews the lease if it is due.
    ///
    /// - Returns: false if the state must be read again, or if a shutdown is requested.
    private func mayContinue(
        fence: inout Fence, over connection: inout RedisConnection
    ) throws(RedisError) -> Bool {
        guard !isShutdownRequested() else { return false }
        guard fence.isDue else { return true }
        return try fence.renew(over: &connection)
    }
}
