import HyperoSchema

/// A field that a filter compares.
enum FilterField: Sendable, Hashable {
    /// A hyper-parameter, metadata or channel by the name in the hash, such as `param.lr`.
    case logged(String)
    /// A field that every experiment has.
    case attribute(FilterAttribute)
    /// A name that no experiment has, if the filter is lenient.
    case absent

    /// The type of the values.
    enum Kind: Sendable, Hashable {
        case numbers
        case words
        /// Values of any type, of hyper-parameters and metadata.
        case any
        case status
        case times
        case spans
    }

    /// The type of the values.
    var kind: Kind {
        switch self {
        case .attribute(let attribute): attribute.kind
        case .logged: channel == nil ? .any : .numbers
        case .absent: .any
        }
    }

    /// The channel of maxima; nil for another field.
    var channel: String? {
        guard case .logged(let field) = self, case .maximum(let channel) = FieldName(field) else { return nil }
        return channel
    }
}

/// A field that every experiment has.
enum FilterAttribute: String, Sendable, Hashable, CaseIterable {
    case id, battery, status, started, updated, seen, duration, age, idle, epochs, epoch, seed, host, version, rank,
        reason
    case pid, attempt, nonfinite

    var kind: FilterField.Kind {
        switch self {
        case .id, .battery, .host, .reason: .words
        case .status: .status
        case .started, .updated, .seen: .times
        case .duration, .age, .idle: .spans
        case .epochs, .epoch, .seed, .version, .rank, .pid, .attempt, .nonfinite: .numbers
        }
    }

    /// The field of the hash that holds the value; nil if other values determine it.
    var field: String? {
        switch self {
        case .started: ExperimentField.started
        case .updated: ExperimentField.updated
        case .epochs: ExperimentField.epochs
        case .epoch: ExperimentField.maxEpoch
        case .seed: ExperimentField.seed
        case .host: ExperimentField.host
        case .reason: ExperimentField.reason
        case .pid: ExperimentField.pid
        case .attempt: ExperimentField.attempt
        case .nonfinite: ExperimentField.nonfinite
        case .id, .battery, .status, .seen, .duration, .age, .idle, .version, .rank: nil
        }
    }

    private static let aliases: [String: FilterAttribute] = [
        "run_id": .id, "runid": .id, "experiment": .id, "experiment_id": .id, "trial_id": .id, "hash": .id,
        "state": .status,
        "start_time": .started, "starttime": .started, "created": .started, "created_at": .started,
        "createdat": .started, "end_time": .updated, "endtime": .updated, "last_seen": .seen, "hostname": .host,
        "runtime": .duration, "max.epoch": .epoch, "updated_at": .updated, "updatedat": .updated,
        "heartbeat_at": .seen, "heartbeatat": .seen,
        // The values that W&B adds to each summary.
        "_runtime": .duration, "summary._runtime": .duration, "summary_metrics._runtime": .duration,
        "_timestamp": .updated, "summary._timestamp": .updated, "summary_metrics._timestamp": .updated,
    ]

    /// Returns the attribute of a name or of an alias in other programs, in any case.
    init?(named name: String) {
        let name = name.lowercased()
        guard let found = FilterAttribute(rawValue: name) ?? Self.aliases[name] else { return nil }
        self = found
    }
}

extension ExperimentStatus {
    private static let aliases: [String: ExperimentStatus] = [
        "finished": .done, "finish": .done, "complete": .done, "completed": .done, "success": .done, "succeeded": .done,
        "fail": .failed, "error": .failed, "crashed": .lost, "killed": .stopped, "pruned": .stopped,
        "cancelled": .stopped, "canceled": .stopped, "active": .running,
    ]

    /// Returns the status of a name of this or another program, in any case.
    package init?(anyName name: String) { self.init(filterName: name) }

    /// Returns the status of a name of this or another program, in any case.
    init?(filterName name: String) {
        let name = name.lowercased()
        guard let status = ExperimentStatus(rawValue: name) ?? Self.aliases[name] else { return nil }
        self = status
    }
}
