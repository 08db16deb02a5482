import HyperoSchema

/// The name of a field of an experiment's hash, by its prefix.
enum FieldName: Hashable {
    /// A hyper-parameter.
    case param(String)
    /// Metadata.
    case meta(String)
    /// The maxima value of a channel.
    case maximum(String)
    /// A channel of the learning curves. In the list of columns only.
    case curve(String)
    /// An ``ExperimentField``, or a field of another client.
    case other

    /// The fields that begin with ``Prefix/max`` and are not channels.
    private static let reserved: Set = [
        ExperimentField.maxEpoch, ExperimentField.maxSource, ExperimentField.maxStated,
    ]

    init(_ field: String) {
        if let name = field.dropping(prefix: Prefix.param) {
            self = .param(name)
        } else if let name = field.dropping(prefix: Prefix.meta) {
            self = .meta(name)
        } else if let name = field.dropping(prefix: Prefix.curve) {
            self = .curve(name)
        } else if let name = field.dropping(prefix: Prefix.max), !Self.reserved.contains(field) {
            self = .maximum(name)
        } else {
            self = .other
        }
    }

    /// Returns the field without its prefix, for example `lr` for `param.lr`.
    static func unprefixed(_ field: String) -> String {
        switch FieldName(field) {
        case .param(let name), .meta(let name), .maximum(let name), .curve(let name): name
        case .other: OwnField.name(of: field)
        }
    }
}

/// The fields that every experiment may have. They are in no battery's list of columns.
enum OwnField {
    /// The prefix that selects one of these fields where a hyper-parameter has the same name.
    static let prefix = "hypero."

    /// The last sign of life, from ``Liveness``. No hash has this field.
    static let lastSeen = "last_seen"

    /// The time from the first to the latest event. No hash has this field and the next two.
    static let duration = "duration"
    /// The time since the first event.
    static let age = "age"
    /// The time since the latest event.
    static let idle = "idle"

    /// The fields that are computed from times.
    static let spans: Set = [duration, age, idle]

    /// The fields of the hash from which ``spans`` are computed.
    static let spanSources = [ExperimentField.started, ExperimentField.updated]

    /// The names of the fields in columns.
    static let names = fields.map(name(of:))

    private static let fields = [
        ExperimentField.battery, ExperimentField.status, ExperimentField.started, ExperimentField.updated,
        ExperimentField.host, ExperimentField.pid, ExperimentField.seed, ExperimentField.attempt,
        ExperimentField.reason, ExperimentField.epochs, ExperimentField.maxEpoch, ExperimentField.maxSource,
        ExperimentField.nonfinite, lastSeen,
    ]

    /// Returns the field of a column name, with or without the prefix; nil if there is none: `epoch` is `max.epoch`.
    static func field(named name: String) -> String? {
        let name = name.dropping(prefix: prefix) ?? name
        return fields.first { $0 == name || Self.name(of: $0) == name } ?? (spans.contains(name) ? name : nil)
    }

    /// Returns a span in milliseconds from the times of the first and latest event; nil if it needs an absent one.
    static func milliseconds(of span: String, started: String?, updated: String?, now: Int64) -> Int64? {
        let (started, updated) = (started.flatMap { Int64($0) }, updated.flatMap { Int64($0) })
        let (from, to) =
            switch span {
            case duration: (started, updated)
            case age: (started, now)
            default: (updated, now)
            }
        guard let from, let to else { return nil }
        return to.subtractingReportingOverflow(from).partialValue
    }

    /// Returns the name of a field in columns: `epoch` for `max.epoch`.
    static func name(of field: String) -> String {
        switch field {
        case ExperimentField.maxEpoch, ExperimentField.maxSource: String(field.dropFirst(Prefix.max.count))
        default: field
        }
    }
}
