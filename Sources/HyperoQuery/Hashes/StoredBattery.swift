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
    /// The time of the first declaration, in Unix milliseconds.
    private(set) var created: Int64?
    /// The time of the latest event, in Unix milliseconds.
    private(set) var updated: Int64?
    /// The partitions that hold the battery.
    private(set) var keyspaces: [Keyspace]

    /// The fields of the hash to read, in the order that the initializer expects their values.
    static let fields = [
        BatteryField.name, BatteryField.version, BatteryField.description, BatteryField.objective,
        BatteryField.direction, BatteryField.created, BatteryField.updated,
    ]

    /// Reads the reply of HMGET with ``fields``.
    ///
    /// - Returns: nil, with a warning, if the name or the version is missing or malformed.
    init?(id: BatteryID, in keyspace: Keyspace, values: [String?], warnings: inout [String]) {
        let pairs = zip(Self.fields, values).compactMap { name, value in value.map { (name: name, value: $0) } }
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
        direction = reader.choice(BatteryField.direction) ?? .max
        created = reader.integer(BatteryField.created)
        updated = reader.integer(BatteryField.updated)
        keyspaces = [keyspace]
    }

    /// Merges the same battery of other partitions: the earliest creation, the latest event, and all partitions.
    mutating func merge(_ other: StoredBattery) {
        created = [created, other.created].compactMap(\.self).min()
        updated = [updated, other.updated].compactMap(\.self).max()
        keyspaces += other.keyspaces
    }
}
