import HyperoRedis
import HyperoSchema
import Logging

extension Rebuild {
    private static let fields = [
        BatteryField.objective, BatteryField.created, BatteryField.updated, BatteryField.name, BatteryField.version,
        BatteryField.direction,
    ]

    /// Derives the keys of a battery: HMGET battery objective created …, ZSCORE batteries id, then ZADD batteries CH, HSET battery
    /// created updated, ZADD columns NX.
    ///
    /// The declaration does not follow from the experiments. A battery without it leaves the list of batteries, unless it has
    /// experiments: queries then say that a training must declare it again.
    ///
    /// - Returns: false if the state must be read again.
    mutating func derive(
        _ id: BatteryID, fence: inout Fence, over connection: inout RedisConnection
    ) throws(RedisError) -> Bool {
        let key = keyspace.battery(id)
        var writer = RESPWriter(capacity: 256)
        writer.add("HMGET", key: key, Self.fields)
        writer.command("ZSCORE", keyspace.batteries, id.text)
        try connection.send(writer)
        var hash = try connection.receive(within: .fields)
        var score = try connection.receive(within: .fields)
        if let error = hash.error ?? score.error, error.code != .wrongType { throw error }
        guard hash.isComplete else {
            fail("read", Self.tooLarge(key))
            return true
        }
        let values = hash.error == nil ? try hash.strings(count: Self.fields.count) : Self.fields.map { _ in nil }
        let listScore = score.error == nil ? try score.string() : nil
        let noted = batteries[id] ?? FoundBattery()
        var counts = RebuildSummary()
        var changes: [Change] = []
        counts[.batteries] = 1
        if values[0] == nil || values[3] == nil || values[4].flatMap({ Int($0) }) == nil {
            counts[.undeclared] = 1
            logger.event(
                "\(key) has no whole declaration, which does not follow from the experiments: declare the battery again, as each "
                    + "training does", level: .warning)
            if values[0] == nil, !noted.hasExperiments {
                changes.append(
                    Change(count: .removed, command: "ZREM", key: keyspace.batteries, arguments: [id.text]))
            }
        }
        if values[0] != nil {
            // Each hash of a battery has its name, so that the number of new fields shows a hash that was removed meanwhile.
            let name = values[3].map { [BatteryField.name, $0] } ?? []
            let subject: VanishedSubject? =
                name.isEmpty ? nil : .battery(id, redeclaration: [], experiments: [])
            if values[5].flatMap({ Direction(rawValue: $0) }) == nil {
                counts[.undeclared] = 1
                logger.event("\(key) has no direction: max is taken", level: .warning)
            }
            let listed = listScore.flatMap { Double($0) }.flatMap { Int64(exactly: $0) }
            let created = values[1].flatMap { Int64($0) } ?? listed ?? noted.started
            let updated = values[2].flatMap { Int64($0) } ?? noted.updated ?? created
            if let created {
                if values[1].flatMap({ Int64($0) }) == nil {
                    changes.append(
                        Change(
                            count: .values, command: "HSET", key: key,
                            arguments: [BatteryField.created, String(created)] + name, subject: subject))
                }
                changes.append(
                    Change(
                        count: .listed, command: "ZADD", key: keyspace.batteries,
                        arguments: ["CH", String(created), id.text]))
            }
            if let updated, values[2].flatMap({ Int64($0) }) == nil {
                changes.append(
                    Change(
                        count: .values, command: "HSET", key: key,
                        arguments: [BatteryField.updated, String(updated)] + name, subject: subject))
            }
        }
        let missing = noted.missing.sorted { $0.key < $1.key }
        for start in stride(from: 0, to: missing.count, by: Self.partCount) {
            let part = missing[start..<min(start + Self.partCount, missing.count)]
            changes.append(
                Change(
                    count: .columns, command: "ZADD", key: keyspace.columns(of: id),
                    arguments: ["NX"] + part.flatMap { [String($0.value), $0.key.text] }))
        }
        guard !changes.isEmpty else {
            summary += counts
            return true
        }
        return try commit(changes, fence: &fence, over: &connection, counts: counts)
    }

    /// Removes the members of a list or a ranking that no hash has: ZSCAN key cursor COUNT n, HMGET experiment battery max.<channel>,
    /// ZREM key id …. ZSCAN returns each member that stays in the set, although events move others meanwhile.
    ///
    /// - Parameters:
    ///   - channel: the channel of a ranking; nil for a list.
    ///   - cursor: the cursor after the last part; nil before the first and after the last one.
    /// - Returns: false if the state must be read again.
    mutating func clean(
        _ key: String, of id: BatteryID, channel: String?, cursor: inout String?, fence: inout Fence,
        over connection: inout RedisConnection
    ) throws(RedisError) -> Bool {
        var writer = RESPWriter(capacity: 256)
        writer.command("ZSCAN", key, cursor ?? "0", "COUNT", String(Self.partCount))
        try connection.send(writer)
        var reply = try connection.receive(within: .fields)
        if let error = reply.error {
            guard error.category == .denied || error.category == .refused else { throw error }
            cursor = nil
            fail("read", error.naming(key: key, expected: .sortedSet))
            return true
        }
        guard try reply.array() == 2, let next = try reply.string() else {
            throw RedisError(.connection, "invalid reply to ZSCAN: no cursor")
        }
        // The members of a part that is too large stay, except for those that were read whole.
        let isWhole = reply.isComplete
        if !isWhole { fail("clean", Self.tooLarge(key)) }
        let texts = try reply.keptStrings()
        let members = stride(from: 0, to: texts.count, by: 2).compactMap { texts[$0] }.filter {
            isWhole || (1..<Limits.value).contains($0.utf8.count)
        }
        var surplus: [String] = []
        for start in stride(from: 0, to: members.count, by: Self.partCount) {
            let part = members[start..<min(start + Self.partCount, members.count)]
            surplus += try self.surplus(Array(part), of: id, channel: channel, over: &connection)
        }
        cursor = next == "0" ? nil : next
        guard !surplus.isEmpty else { return true }
        return try commit(
            [Change(count: .removed, command: "ZREM", key: key, arguments: surplus)], fence: &fence, over: &connection)
    }

    /// Returns the members without a hash, of another battery, or without a finite value of the channel.
    private mutating func surplus(
        _ members: [String], of id: BatteryID, channel: String?, over connection: inout RedisConnection
    ) throws(RedisError) -> [String] {
        let ids = members.map { ($0, ExperimentID($0)) }
        var writer = RESPWriter()
        for case (_, let experiment?) in ids {
            let fields = [ExperimentField.battery] + (channel.map { [Prefix.max + $0] } ?? [])
            writer.add("HMGET", key: keyspace.experiment(experiment), fields)
        }
        try connection.send(writer)
        var surplus: [String] = []
        var firstError: RedisError?
        for (member, experiment) in ids {
            guard experiment != nil else {
                surplus.append(member)
                continue
            }
            var reply = try connection.receive(within: .fields)
            guard reply.isComplete else {
                if let experiment { fail("read", Self.tooLarge(keyspace.experiment(experiment))) }
                continue
            }
            if let error = reply.error {
                // A key of another type is reported elsewhere, and may be an experiment again.
                if error.code != .wrongType { firstError = firstError ?? error }
                continue
            }
            let values = try reply.strings(count: channel == nil ? 1 : 2)
            let isRanked = channel == nil || values[1].flatMap { Number(text: $0) }?.isFinite == true
            if values[0] != id.text || !isRanked { surplus.append(member) }
        }
        if let firstError { throw firstError }
        return surplus
    }
}
