import HyperoSchema

/// The part of a battery's state that the fold depends on.
package struct BatteryState: Sendable, Hashable {
    /// The channel that decides the best epoch, with its direction.
    package struct Objective: Sendable, Hashable {
        let channel: String
        let direction: Direction
    }

    /// The tuple that names a battery. Writers that choose the id themselves may declare two of them under one id.
    struct Identity: Sendable, Hashable {
        let name: ExactText
        let version: Int
        let description: ExactText

        init(_ declaration: Event.Declaration) {
            name = ExactText(declaration.name)
            version = declaration.version
            description = ExactText(declaration.description)
        }

        /// Creates the identity from fields of the battery's hash; nil if one is absent or malformed.
        init?(name: String?, version: String?, description: String?) {
            guard let name, let description, let version = version.flatMap({ Int($0) }) else { return nil }
            self.name = ExactText(name)
            self.version = version
            self.description = ExactText(description)
        }

        /// Returns the first field of another identity that differs, with its value; nil if none does.
        func difference(to other: Identity) -> String? {
            if name != other.name { return "\(BatteryField.name) \(other.name.text)" }
            if version != other.version { return "\(BatteryField.version) \(other.version)" }
            return description == other.description ? nil : "\(BatteryField.description) \(other.description.text)"
        }
    }

    /// The objective; nil if the battery was never declared.
    var objective: Objective?
    /// The name, version and description of the first declaration; nil if a field is absent.
    var identity: Identity?
    /// The directions of other channels.
    var directions: [ExactText: Direction] = [:]
    /// True if the directions are not known, because the battery's hash is too large. Declarations then add none.
    var keepsDirections = false
    /// The distributions of hyper-parameters that are known to be in Redis, by name. Redis may have more.
    var spaces: [ExactText: String] = [:]
    /// The time of the latest event in Unix milliseconds.
    var updated: Int64 = .min
    /// The names that are known to be in the battery's columns in Redis. Redis may have more.
    var columns: Set<ExactText> = []
    /// The time of the first declaration in Unix milliseconds.
    var created: Int64 = .min
    /// The time of the latest deletion in Unix milliseconds.
    var deleted: Int64 = .min
    /// The reason why the battery's key cannot be read, for example because it has another type.
    var readError: String?

    /// The maximum number of remembered columns.
    ///
    /// If a battery has more, none is remembered, and all are written again. This costs little and changes nothing.
    static let maxColumns = 4_096

    package init() {}

    /// The fields of the battery's hash from which ``init(values:)`` creates the state.
    static let fields = [
        BatteryField.objective, BatteryField.direction, BatteryField.updated, BatteryField.created,
        BatteryField.deleted, BatteryField.name, BatteryField.version, BatteryField.description,
    ]

    /// Creates the state from the values of ``fields``; a malformed value counts as absent.
    init(values: [String?]) {
        let direction = values[1].flatMap { Direction(rawValue: $0) } ?? .max
        objective = values[0].map { Objective(channel: $0, direction: direction) }
        updated = values[2].flatMap { Int64($0) } ?? .min
        created = values[3].flatMap { Int64($0) } ?? .min
        deleted = values[4].flatMap { Int64($0) } ?? .min
        identity = Identity(name: values[5], version: values[6], description: values[7])
    }

    /// Creates the state from the fields of the battery's hash (``BatteryField``); a malformed value counts as absent.
    package init(fields: [(name: String, value: String)]) {
        self.init(values: Self.fields.map { name in fields.last { $0.name == name }?.value })
        addDirections(from: fields)
    }

    /// Adds the directions of other channels from the fields of the battery's hash.
    mutating func addDirections(from fields: [(name: String, value: String)]) {
        for (name, value) in fields {
            guard let channel = name.dropping(prefix: Prefix.direction) else { continue }
            directions[ExactText(channel)] = Direction(rawValue: value)
        }
    }

    /// Creates the state of a battery whose key cannot be read.
    package init(readError: String) {
        self.readError = readError
    }
}
