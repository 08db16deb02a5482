import HyperoRedis
import HyperoSchema

/// What a battery was declared as, and the partitions that know it.
struct Declaration {
    let id: BatteryID
    let name: String
    let version: Int
    let description: String
    let objective: String
    let direction: Direction
    var created: Int64?
    var updated: Int64?
    var places: [Keyspace]

    /// What is asked of a battery's hash, in this order.
    static let fields = [
        BatteryField.name, BatteryField.version, BatteryField.description, BatteryField.objective,
        BatteryField.direction, BatteryField.created, BatteryField.updated,
    ]

    /// Reads the hash; nil, with a warning, when it does not say what battery it is.
    init?(id: BatteryID, in keyspace: Keyspace, values: [String?], _ warnings: inout [String]) {
        let pairs = zip(Self.fields, values).compactMap { name, value in value.map { (name: name, value: $0) } }
        var reader = HashReader(key: keyspace.battery(id), pairs)
        defer { warnings += reader.warnings }
        guard let name = reader.required(BatteryField.name, { $0.fields[$1] }),
            let version = reader.required(BatteryField.version, { $0.integer($1) })
        else { return nil }
        self.id = id
        self.name = name
        self.version = Int(version)
        description = reader.fields[BatteryField.description] ?? ""
        objective = reader.fields[BatteryField.objective] ?? "valid"
        direction = reader.choice(BatteryField.direction) ?? .max
        created = reader.integer(BatteryField.created)
        updated = reader.integer(BatteryField.updated)
        places = [keyspace]
    }

    /// Takes over what another partition says about the same battery.
    mutating func merge(_ other: Declaration) {
        created = [created, other.created].compactMap(\.self).min()
        updated = [updated, other.updated].compactMap(\.self).max()
        places += other.places
    }
}
