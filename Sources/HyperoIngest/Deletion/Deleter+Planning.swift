import HyperoRedis
package import HyperoSchema

extension Deleter {
    /// The number of experiments per round trip.
    private static let partCount = 1_000

    /// Finds experiments by their ids, or by prefixes that no other id has.
    ///
    /// - Throws: ``DeletionError`` for the first id that is not found or not unique.
    public func plan(experiments ids: [String]) throws(DeletionError) -> DeletionPlan {
        try plan(experiments: ids, keeping: nil)
    }

    /// Finds experiments by their ids, or by prefixes that no other id has.
    ///
    /// - Parameters:
    ///   - limit: the rows of their learning curves that stay if only the others are removed; nil to delete the experiments.
    ///   - rule: the rule that has selected the experiments; nil if the user has.
    /// - Throws: ``DeletionError`` for the first id that is not found or not unique.
    package func plan(
        experiments ids: [String], keeping limit: CurveLimit?, selectedBy rule: DeletionPlan.Rule? = nil
    ) throws(DeletionError) -> DeletionPlan {
        try converting {
            let partitions = try partitions()
            var plan = DeletionPlan()
            plan.curveLimit = limit
            var seen: Set<ExperimentID> = []
            let clock = try rule == nil || ids.isEmpty ? 0 : serverTime(of: partitions[0])
            for text in ids {
                guard let wanted = ExperimentID(text) else { throw DeletionError(.invalidID(text)) }
                guard let (id, keyspaces) = try find(wanted, acceptsPrefix: rule == nil, in: partitions) else {
                    // Another client has deleted the experiment since it was selected.
                    guard rule == nil else { continue }
                    throw try notFound(wanted, in: partitions)
                }
                guard seen.insert(id).inserted else { continue }
                let states = try keyspaces.map { try self.states(of: [id], in: $0)[0] }
                if let rule, rule.hasRevived(id, Array(zip(keyspaces, states)), at: clock) {
                    plan.revived.append(id.text)
                    continue
                }
                for (index, keyspace) in keyspaces.enumerated() {
                    guard try limit == nil || hasReadableCurve(id, in: keyspace) else {
                        plan.unreadableCurves.append(keyspace.curve(of: id))
                        continue
                    }
                    let (state, marksBest) = (states[index], rule?.keepsBest != true)
                    let (found, batteries) = try experiment(
                        id, state, marksBest: marksBest, in: keyspace, of: partitions)
                    if index == 0 { plan.experiments.append(found) }
                    // One that runs may change.
                    let stamp = rule == nil || state.lives(at: clock) ? nil : state.stamp
                    if let limit {
                        plan.commands.append(
                            .init(keyspace, .thinCurve(id, limit), seen: stamp, thinned: state.thinned))
                        continue
                    }
                    plan.commands += batteries.map { .init(keyspace, .deleteExperiment(id, of: $0), seen: stamp) }
                }
            }
            return plan
        }
    }

    /// Returns whether rows can be removed from a curve: TYPE curve. Without permission, the ingest logs that it cannot.
    private func hasReadableCurve(_ id: ExperimentID, in keyspace: Keyspace) throws(RedisError) -> Bool {
        do {
            var reply = try call(["TYPE", keyspace.curve(of: id)], in: keyspace)
            return try ["hash", "none"].contains(reply.string())
        } catch {
            guard error.category == .denied else { throw error }
            return true
        }
    }

    /// Finds a battery by its name or its id.
    ///
    /// - Parameter version: the version, if several batteries have the name; nil for any.
    /// - Throws: ``DeletionError`` if there is none, or more than one.
    public func plan(battery name: String, version: Int?) throws(DeletionError) -> DeletionPlan {
        try converting {
            let (id, match) = try find(battery: name, version: version)
            var plan = DeletionPlan()
            var battery = match.battery
            for keyspace in match.keyspaces { try count(&battery, id: id, in: keyspace) }
            plan.battery = battery
            plan.commands = match.keyspaces.map { .init($0, .deleteBattery(id)) }
            return plan
        }
    }

    // MARK: - Experiments

    /// Returns the whole id of an experiment, and the partitions that have it; nil if there is none.
    ///
    /// - Parameter acceptsPrefix: true if the id may be a prefix that no other id has. The id of an experiment that was selected must
    ///   not be one: if it has been deleted since, another experiment may have an id that begins with it.
    private func find(
        _ wanted: ExperimentID, acceptsPrefix: Bool, in partitions: [Keyspace]
    ) throws -> (id: ExperimentID, keyspaces: [Keyspace])? {
        var holders: [Keyspace] = []
        for keyspace in partitions {
            var reply = try call(["EXISTS", keyspace.experiment(wanted), keyspace.curve(of: wanted)], in: keyspace)
            if try reply.integer() > 0 {
                holders.append(keyspace)
            } else if try !batteries(containing: wanted, in: keyspace).isEmpty {
                holders.append(keyspace)
            }
        }
        if !holders.isEmpty { return (wanted, holders) }
        guard acceptsPrefix else { return nil }
        var matches: [ExperimentID: [Keyspace]] = [:]
        for keyspace in partitions {
            for id in try scan(for: wanted, in: keyspace) { matches[id, default: []].append(keyspace) }
        }
        guard let (id, keyspaces) = matches.first else { return nil }
        guard matches.count == 1 else {
            throw DeletionError(.ambiguousExperiment(wanted.text, matches: matches.keys.map(\.text).sorted()))
        }
        return (id, keyspaces)
    }

    /// Returns the error for an id that was not found, or was deleted: ZRANGE deleted 0 -1 WITHSCORES, because the account of an
    /// operator has this command.
    private func notFound(_ id: ExperimentID, in partitions: [Keyspace]) throws(RedisError) -> DeletionError {
        for keyspace in partitions {
            let deletions: [(name: String, value: String)]
            do {
                var reply = try call(["ZRANGE", keyspace.deleted, "0", "-1", "WITHSCORES"], in: keyspace)
                deletions = try reply.pairs()
            } catch {
                guard error.code == .wrongType else { throw error }
                continue
            }
            guard let deletion = deletions.first(where: { $0.name == id.text }) else { continue }
            let time = Double(deletion.value).flatMap { Int64(exactly: $0.rounded()) } ?? 0
            return DeletionError(.experimentDeleted(id.text, time: time))
        }
        return DeletionError(.experimentNotFound(id.text))
    }

    /// Returns the experiments whose ids have a prefix: SCAN … MATCH experiment*.
    private func scan(for prefix: ExperimentID, in keyspace: Keyspace) throws(RedisError) -> Set<ExperimentID> {
        var matches: Set<ExperimentID> = []
        let pattern = keyspace.experiment(prefix)
        let idStart = pattern.utf8.count - prefix.text.utf8.count
        var cursor = "0"
        repeat {
            var reply = try call(["SCAN", cursor, "MATCH", pattern + "*", "COUNT", "10000"], in: keyspace)
            _ = try reply.array()
            cursor = try reply.string() ?? "0"
            for key in try reply.strings().lazy.compactMap({ $0 }) {
                // Nil for the key of a curve, which has a colon after the id.
                let id = ExperimentID(String(decoding: key.utf8.dropFirst(idStart), as: UTF8.self))
                if let id { matches.insert(id) }
            }
        } while cursor != "0"
        return matches
    }

    /// Returns an experiment, and the batteries that its hash does not name and whose lists contain it; nil among them stands for
    /// the one that its hash names, if any.
    private func experiment(
        _ id: ExperimentID, _ state: ExperimentStamp, marksBest: Bool, in keyspace: Keyspace, of partitions: [Keyspace]
    ) throws(RedisError) -> (DeletionPlan.Experiment, batteries: [BatteryID?]) {
        var batteries: [BatteryID?] = [nil]
        if state.battery.flatMap({ BatteryID($0) }) == nil {
            let containing = try self.batteries(containing: id, in: keyspace)
            if !containing.isEmpty { batteries = containing }
        }
        let battery = state.battery ?? batteries[0]?.text
        var found = DeletionPlan.Experiment(
            id: id.text, battery: battery, status: state.status.flatMap { ExperimentStatus(rawValue: $0) })
        if let battery = battery.flatMap({ BatteryID($0) }), let read = try self.battery(battery, in: keyspace) {
            found.batteryName = (read.name, read.version)
            if marksBest, let best = try best(of: read, id: battery, in: keyspace), best.experiment == id.text {
                found.isBest = try isBest(best, of: read, id: battery, in: partitions)
            }
        }
        return (found, batteries)
    }

    /// Returns whether the best experiment of a partition is the best one of its battery. Of equal ones, that of the highest id is, if
    /// the highest value is the best, as in the rankings of Redis, else that of the lowest id.
    private func isBest(
        _ first: (experiment: String, score: Double), of battery: DeletionPlan.Battery, id: BatteryID,
        in partitions: [Keyspace]
    ) throws(RedisError) -> Bool {
        for keyspace in partitions {
            guard let other = try best(of: battery, id: id, in: keyspace) else { continue }
            if battery.direction.prefers(other.score, over: first.score) { return false }
            let (text, otherText) = (ExactText(first.experiment), ExactText(other.experiment))
            guard other.score == first.score, text != otherText else { continue }
            if (battery.direction == .max) == (text < otherText) { return false }
        }
        return true
    }

    /// Returns the batteries whose list or rankings contain an experiment: ZRANGE batteries, then for each of them ZRANGE columns,
    /// ZSCORE experiments id and ZSCORE rank:<channel> id.
    ///
    /// A ranking that had another type while the experiment was deleted may contain it still, after it was repaired. None is
    /// found without permission for ZSCORE.
    private func batteries(containing id: ExperimentID, in keyspace: Keyspace) throws(RedisError) -> [BatteryID] {
        var found: [BatteryID] = []
        for battery in try members(of: keyspace.batteries, in: keyspace).compactMap({ BatteryID($0) }) {
            let rankings = try members(of: keyspace.columns(of: battery), in: keyspace).compactMap {
                $0.dropping(prefix: Prefix.max).map { keyspace.rank(of: battery, by: $0) }
            }
            let indexes = [keyspace.experiments(of: battery)] + rankings
            let isMember = try withConnection(to: keyspace) { connection throws(RedisError) in
                var writer = RESPWriter()
                for index in indexes { writer.command("ZSCORE", index, id.text) }
                try connection.send(writer)
                var isMember = false
                for _ in indexes {
                    let reply = try connection.receive()
                    if reply.error == nil, !reply.isNull { isMember = true }
                }
                return isMember
            }
            if isMember { found.append(battery) }
        }
        return found
    }

    /// Reads a sorted set: ZRANGE key 0 -1. A key of another type has no members.
    private func members(of key: String, in keyspace: Keyspace) throws(RedisError) -> [String] {
        do {
            var reply = try call(["ZRANGE", key, "0", "-1"], in: keyspace)
            return try reply.strings().compactMap { $0 }
        } catch {
            guard error.code == .wrongType else { throw error }
            return []
        }
    }

    // MARK: - Batteries

    /// Reads a battery; nil if it is not declared, or if its key has another type.
    func battery(_ id: BatteryID, in keyspace: Keyspace) throws(RedisError) -> DeletionPlan.Battery? {
        var reply: Reply
        do {
            reply = try call(
                [
                    "HMGET", keyspace.battery(id), BatteryField.name, BatteryField.version, BatteryField.description,
                    BatteryField.objective, BatteryField.direction,
                ], in: keyspace)
        } catch {
            guard error.code == .wrongType else { throw error }
            return nil
        }
        let values = try reply.strings(count: 5)
        guard let name = values[0] else { return nil }
        return DeletionPlan.Battery(
            id: id.text, name: name, version: values[1] ?? "", description: values[2] ?? "",
            objective: values[3] ?? Event.Declaration.defaultObjective,
            direction: values[4].flatMap { Direction(rawValue: $0) } ?? .max)
    }

    /// Returns the first experiment in the ranking by the objective: ZRANGE rank:<objective> 0 0 [REV] WITHSCORES. A key of another
    /// type ranks none.
    private func best(
        of battery: DeletionPlan.Battery, id: BatteryID, in keyspace: Keyspace
    ) throws(RedisError) -> (experiment: String, score: Double)? {
        let range = ["ZRANGE", keyspace.rank(of: id, by: battery.objective), "0", "0"]
        var reply: Reply
        do {
            reply = try call(range + (battery.direction == .max ? ["REV"] : []) + ["WITHSCORES"], in: keyspace)
        } catch {
            guard error.code == .wrongType else { throw error }
            return nil
        }
        return try reply.pairs().first.flatMap { first in Double(first.value).map { (first.name, $0) } }
    }

    /// Adds the numbers of a battery's experiments in a partition: ZRANGE experiments …, HMGET experiment battery status …, SCAN ….
    private func count(
        _ battery: inout DeletionPlan.Battery, id: BatteryID, in keyspace: Keyspace
    ) throws(RedisError) {
        if let found = try best(of: battery, id: id, in: keyspace) {
            let isBetter = battery.best.map { best in
                battery.direction == .max ? found.score > best.score : found.score < best.score
            }
            if isBetter ?? true { battery.best = found }
        }
        var listed: Set<ExperimentID> = []
        var start = 0
        while true {
            let end = start + Self.partCount - 1
            let members = try listedExperiments(of: id, from: start, through: end, in: keyspace)
            guard !members.isEmpty else { break }
            let ids = members.compactMap { ExperimentID($0) }
            listed.formUnion(ids)
            battery.running += try states(of: ids, in: keyspace).count {
                $0.status == ExperimentStatus.running.rawValue
            }
            start += Self.partCount
        }
        battery.experiments += listed.count
        try countUnlisted(&battery, id: id, except: listed, in: keyspace)
    }

    /// Reads members of the list of a battery: ZRANGE experiments start stop. A key of another type lists none.
    private func listedExperiments(
        of battery: BatteryID, from start: Int, through end: Int, in keyspace: Keyspace
    ) throws(RedisError) -> [String] {
        do {
            var reply = try call(
                ["ZRANGE", keyspace.experiments(of: battery), String(start), String(end)], in: keyspace)
            return try reply.strings().compactMap { $0 }
        } catch {
            guard error.code == .wrongType else { throw error }
            return []
        }
    }

    /// Adds the experiments of a battery that its list lacks, because the ingest deletes them too: SCAN …, HMGET experiment
    /// battery status …. Without SCAN, neither the ingest nor this function finds them.
    private func countUnlisted(
        _ battery: inout DeletionPlan.Battery, id: BatteryID, except listed: Set<ExperimentID>, in keyspace: Keyspace
    ) throws(RedisError) {
        var search = KeySearch(prefix: keyspace.experimentPrefix)
        // SCAN may return a key twice.
        var seen = listed
        while !search.isComplete {
            guard let keys = try nextKeys(of: &search, in: keyspace) else { return }
            let ids = keys.compactMap { ExperimentID($0) }.filter { seen.insert($0).inserted }
            for start in stride(from: 0, to: ids.count, by: Self.partCount) {
                let part = Array(ids[start..<min(start + Self.partCount, ids.count)])
                for state in try states(of: part, in: keyspace) where state.battery == id.text {
                    battery.experiments += 1
                    if state.status == ExperimentStatus.running.rawValue { battery.running += 1 }
                }
            }
        }
    }

    /// Reads the states of experiments: HMGET experiment battery status …, and HGET producer time of those that run. A key of another
    /// type has none.
    func states(of ids: [ExperimentID], in keyspace: Keyspace) throws(RedisError) -> [ExperimentStamp] {
        try withConnection(to: keyspace) { connection throws(RedisError) in
            var writer = RESPWriter()
            for id in ids {
                writer.add("HMGET", key: keyspace.experiment(id), ExperimentStamp.fields)
            }
            try connection.send(writer)
            var states: [ExperimentStamp] = []
            for _ in ids {
                var reply = try connection.receive()
                let count = ExperimentStamp.fields.count
                states.append(ExperimentStamp(reply.error == nil ? try reply.strings(count: count) : []))
            }
            let producers = zip(ids, states).map { $1.producer(of: $0) }
            writer.removeAll()
            for producer in producers.compactMap(\.self) {
                writer.command("HGET", keyspace.producer(producer), ProducerField.time)
            }
            guard writer.commands > 0 else { return states }
            try connection.send(writer)
            for index in states.indices where producers[index] != nil {
                var reply = try connection.receive()
                states[index].alive = reply.error == nil ? try reply.string() : nil
            }
            return states
        }
    }
}
