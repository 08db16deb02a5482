import HyperoRedis
import HyperoSchema

/// A battery as stored in its hash, with the partitions that hold it.
struct StoredBattery {
    let id: BatteryID
    let name: String
    let version: Int
    let description: String
    let objective: String
    let direction: Direction
    /// The declared direction of the channel for which the hash was read; nil if none is declared.
    let channelDirection: Direction?
    /// The latest declaration that differs from the first one: `objective loss min`.
    private(set) var conflict: String?
    /// The time of the first declaration, in Unix milliseconds.
    private(set) var created: Int64?
    /// The time of the latest event, in Unix milliseconds.
    private(set) var updated: Int64?
    /// The partitions that hold the battery.
    private(set) var keyspaces: [Keyspace]
    /// The objectives that the partitions declare. The ingest of each partition follows its own.
    private(set) var declarations: [Keyspace: Declaration]
    /// True if a partition lacks the direction of the objective, or has another text. The highest value then counts as the best.
    private(set) var lacksDirection: Bool

    /// The objective that a partition declares.
    struct Declaration: Sendable, Hashable {
        /// The channel; nil if the field is missing, so that no epoch is the best.
        let objective: String?
        let direction: Direction

        /// The objective for a message, such as `loss (min)`; nil without one.
        var text: String? { objective.map { "\($0) (\(direction.rawValue))" } }
    }

    private static let fields = [
        BatteryField.name, BatteryField.version, BatteryField.description, BatteryField.objective,
        BatteryField.direction, BatteryField.conflict, BatteryField.created, BatteryField.updated,
    ]

    /// Returns the fields of the hash to read, in the order that the initializer expects their values.
    ///
    /// - Parameter channel: the channel whose declared direction is read too; nil for none.
    static func fields(channel: String?) -> [String] { fields + (channel.map { [Prefix.direction + $0] } ?? []) }

    /// Reads the reply of HMGET with ``fields(channel:)``.
    ///
    /// - Returns: nil, with a warning, if the hash is missing, or if the name or the version is missing or malformed.
    init?(
        id: BatteryID, in keyspace: Keyspace, values: [String?], channel: String? = nil, warnings: inout [String]
    ) {
        let pairs = zip(Self.fields(channel: channel), values).compactMap { name, value in
            value.map { (name: name, value: $0) }
        }
        guard !pairs.isEmpty else {
            warnings.append(
                "battery '\(id.text)' is listed in \(keyspace.batteries), but its hash is missing. Declare it again, or run "
                    + "ZREM \(keyspace.batteries) \(id.text)")
            return nil
        }
        var reader = HashReader(pairs, source: keyspace.battery(id))
        defer { warnings += reader.warnings }
        guard let name = reader.required(BatteryField.name, read: { $0.fields[$1] }),
            let version = reader.required(BatteryField.version, read: { $0.integer($1) })
        else { return nil }
        self.id = id
        self.name = name
        self.version = Int(version)
        description = reader.fields[BatteryField.description] ?? ""
        objective = reader.fields[BatteryField.objective] ?? "valid"
        let stated: Direction? = reader.choice(BatteryField.direction)
        direction = stated ?? .max
        lacksDirection = stated == nil
        channelDirection = channel.flatMap { reader.choice(Prefix.direction + $0) }
        conflict = reader.fields[BatteryField.conflict]
        created = reader.integer(BatteryField.created)
        updated = reader.integer(BatteryField.updated)
        keyspaces = [keyspace]
        declarations = [
            keyspace: Declaration(objective: reader.fields[BatteryField.objective], direction: direction)
        ]
    }

    /// Returns the direction of any channel.
    ///
    /// - Parameter declared: the direction that the battery declares for the channel; nil for none.
    func direction(of channel: String, declared: Direction?) -> Direction {
        if channel.hasSameBytes(as: objective) { return direction }
        return declared ?? (Direction.isLowerBetter(named: channel) ? .min : .max)
    }

    /// Merges the same battery of other partitions: the earliest creation, the latest event, and all partitions.
    mutating func merge(_ other: StoredBattery) {
        created = [created, other.created].compactMap(\.self).min()
        updated = [updated, other.updated].compactMap(\.self).max()
        conflict = conflict ?? other.conflict
        keyspaces += other.keyspaces
        lacksDirection = lacksDirection || other.lacksDirection
        declarations.merge(other.declarations) { first, _ in first }
    }

    /// The warning about a later declaration that differs; nil if there is none.
    var conflictWarning: String? {
        conflict.map { conflict in
            let identity = [BatteryField.name, BatteryField.version, BatteryField.description]
            if identity.contains(where: { conflict.hasPrefix("\($0) ") }) {
                return "battery '\(printable(name))' version \(version) was declared again with "
                    + "'\(printable(conflict, limit: 300))', which has no effect: its id, \(id.text), was taken. "
                    + "Declare the other battery under an id of its own"
            }
            let first =
                Self.firstDirection(against: conflict) ?? "objective \(printable(objective)) (\(direction.rawValue))"
            return
                "battery '\(printable(name))' version \(version) was declared again with "
                + "'\(printable(conflict, limit: 300))', which has no effect: the first declaration counts, \(first). "
                + "Declare a new version of the battery to change it"
        }
    }

    /// Returns the declared direction of a channel that a conflict such as `direction.loss max` contradicts; nil for a conflict
    /// of the objective. A channel has one of two directions, so that the first one is the other one.
    private static func firstDirection(against conflict: String) -> String? {
        guard let text = conflict.dropping(prefix: Prefix.direction), let end = text.lastIndex(of: " "),
            let direction = Direction(rawValue: String(text[text.index(after: end)...]))
        else { return nil }
        let first: Direction = direction == .max ? .min : .max
        return "direction of \(printable(String(text[..<end]))) \(first.rawValue)"
    }
}
