import HyperoRedis
import HyperoSchema

// The search for a battery, in its list or by its keys.
extension Deleter {
    /// A battery with the partitions that have it.
    typealias FoundBattery = (battery: DeletionPlan.Battery, keyspaces: [Keyspace])

    /// Finds a battery by its name or its id.
    ///
    /// - Parameters:
    ///   - version: the version, if several batteries have the name; nil for any.
    ///   - includingUnlisted: true to find a battery that the list of batteries lacks too, by its keys.
    /// - Throws: ``DeletionError`` if there is none, or more than one.
    func find(
        battery name: String, version: Int?, includingUnlisted: Bool = false
    ) throws(DeletionError) -> (id: BatteryID, match: FoundBattery) {
        try converting {
            var found: [BatteryID: FoundBattery] = [:]
            var others: [DeletionPlan.Battery] = []
            for keyspace in try partitions() {
                var batteries = try batteries(in: keyspace, isTolerant: includingUnlisted)
                if includingUnlisted { batteries += try unlisted(besides: batteries, in: keyspace) }
                for battery in batteries {
                    guard battery.name == name || battery.id == name,
                        version.map({ battery.version == String($0) }) ?? true,
                        let id = BatteryID(battery.id)
                    else {
                        others.append(battery)
                        continue
                    }
                    found[id, default: (battery, [])].keyspaces.append(keyspace)
                }
            }
            guard let (id, match) = found.first else {
                let versions = others.filter { $0.name == name || $0.id == name }.map(\.version)
                guard let version, !versions.isEmpty else {
                    throw DeletionError(.batteryNotFound(name, names: others.map(\.name)))
                }
                throw DeletionError(.versionNotFound(name, version: version, versions: Set(versions).sorted()))
            }
            guard found.count == 1 else {
                let matches = found.values.map(\.battery).sorted { ($0.version, $0.id) < ($1.version, $1.id) }.map {
                    DeletionError.Match(id: $0.id, version: $0.version, description: $0.description)
                }
                throw DeletionError(.ambiguousBattery(name, matches: matches))
            }
            return (id, match)
        }
    }

    /// - Parameter isTolerant: true if a list of another type counts as empty.
    private func batteries(
        in keyspace: Keyspace, isTolerant: Bool = false
    ) throws(RedisError) -> [DeletionPlan.Battery] {
        var reply: Reply
        do {
            reply = try call(["ZRANGE", keyspace.batteries, "0", "-1"], in: keyspace)
        } catch {
            if isTolerant, error.code == .wrongType { return [] }
            throw error.naming(key: keyspace.batteries, expected: .sortedSet)
        }
        var found: [DeletionPlan.Battery] = []
        for text in try reply.strings() {
            guard let id = text.flatMap({ BatteryID($0) }) else { continue }
            found.append(try battery(id, in: keyspace) ?? Self.unnamed(id))
        }
        return found
    }

    /// Returns a battery without a hash that can be read, which has only its id.
    private static func unnamed(_ id: BatteryID) -> DeletionPlan.Battery {
        DeletionPlan.Battery(
            id: id.text, name: id.text, version: "unknown", description: "",
            objective: Event.Declaration.defaultObjective, direction: .max)
    }

    /// Returns the batteries that have keys and are not in the list: SCAN …, HMGET battery name …. Without SCAN, none is found.
    private func unlisted(
        besides listed: [DeletionPlan.Battery], in keyspace: Keyspace
    ) throws(RedisError) -> [DeletionPlan.Battery] {
        var seen = Set(listed.map(\.id))
        var found: [DeletionPlan.Battery] = []
        var search = KeySearch(prefix: keyspace.batteryPrefix)
        while !search.isComplete {
            guard let keys = try nextKeys(of: &search, in: keyspace) else { return found }
            for key in keys {
                let end = key.utf8.firstIndex(of: UInt8(ascii: ":")) ?? key.endIndex
                guard let id = BatteryID(String(key[..<end])), seen.insert(id.text).inserted else { continue }
                found.append(try battery(id, in: keyspace) ?? Self.unnamed(id))
            }
        }
        return found
    }
}
