import HyperoRedis
import HyperoSchema

extension ReplyBounds {
    /// 1 MiB, for some fields or a score that the ingest keeps short. Another client may have made them of any size, and a reply beyond
    /// the bounds is incomplete and no error of the connection.
    static let fields = ReplyBounds(maxTextBytes: Limits.value, maxTotalBytes: 1 << 20)
}

// The reads of lists and columns.
extension Rebuild {
    /// The number of members of the list of batteries per part.
    private static let listPartCount = 1_000
    /// The number of columns that are remembered, of all batteries. About 10 MB.
    private static let maxKnownColumns = 100_000

    /// The error of a key of which a value is too large to read.
    static func tooLarge(_ key: String) -> RedisError {
        RedisError(.tooLarge, "\(key): a value is too large. Remove it, and rebuild again")
    }

    /// Adds the members of the list of batteries: ZRANGE batteries start stop.
    mutating func addListedBatteries(over connection: inout RedisConnection) throws(RedisError) {
        guard battery == nil else { return }
        for start in stride(from: 0, to: Int.max, by: Self.listPartCount) {
            var writer = RESPWriter(capacity: 256)
            writer.command(
                "ZRANGE", keyspace.batteries, String(start), String(start + Self.listPartCount - 1))
            try connection.send(writer)
            var list = try connection.receive(within: .fields)
            if let error = list.error {
                guard error.code == .wrongType else { throw error }
                return fail("read \(keyspace.batteries)", error)
            }
            if !list.isComplete { fail("read all batteries", Self.tooLarge(keyspace.batteries)) }
            let count = list.nextArrayCount ?? 0
            for id in try list.keptStrings().compactMap({ $0.flatMap { BatteryID($0) } }) where batteries[id] == nil {
                batteries[id] = FoundBattery()
            }
            guard count == Self.listPartCount else { return }
        }
    }

    /// Notes what an experiment says about its battery: times, and the columns that Redis lacks.
    mutating func note(
        _ hash: [ExactText: String], _ channels: Set<ExactText>, in owner: BatteryID,
        over connection: inout RedisConnection
    ) throws(RedisError) {
        // Removed, so that the sets have one owner and are not copied.
        var noted = batteries.removeValue(forKey: owner) ?? FoundBattery()
        let started = hash[ExactText(ExperimentField.started)].flatMap { Int64($0) }
        let updated = hash[ExactText(ExperimentField.updated)].flatMap { Int64($0) }
        noted.hasExperiments = true
        noted.started = [noted.started, started].compactMap(\.self).min()
        noted.updated = [noted.updated, updated].compactMap(\.self).max()
        let time = started ?? updated ?? 0
        var unknown: [ExactText] = []
        for column in DerivedMaxima.columns(of: hash) + channels.map({ Prefix.curve + $0.text }) {
            let name = ExactText(column)
            if let former = noted.missing[name] {
                noted.missing[name] = min(former, time)
            } else if !noted.columns.contains(name) {
                unknown.append(name)
            }
        }
        for (name, isListed) in try areListed(unknown, in: owner, over: &connection) {
            if isListed { noted.columns.insert(name) } else { noted.missing[name] = time }
        }
        batteries[owner] = noted
        knownColumns += unknown.count
        guard knownColumns > Self.maxKnownColumns else { return }
        knownColumns = 0
        for id in batteries.keys { batteries[id]?.columns = [] }
    }

    /// Looks up columns in the list of a battery: ZSCORE columns name.
    private func areListed(
        _ names: [ExactText], in id: BatteryID, over connection: inout RedisConnection
    ) throws(RedisError) -> [(name: ExactText, isListed: Bool)] {
        let key = keyspace.columns(of: id)
        var found: [(name: ExactText, isListed: Bool)] = []
        for start in stride(from: 0, to: names.count, by: Self.partCount) {
            let part = names[start..<min(start + Self.partCount, names.count)]
            var writer = RESPWriter()
            for name in part { writer.command("ZSCORE", key, name.text) }
            try connection.send(writer)
            var firstError: RedisError?
            for name in part {
                let reply = try connection.receive()
                if let error = reply.error, error.code != .wrongType { firstError = firstError ?? error }
                found.append((name, reply.error == nil && !reply.isNull))
            }
            if let firstError { throw firstError }
        }
        return found
    }
}
