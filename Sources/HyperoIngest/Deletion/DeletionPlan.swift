public import HyperoSchema

/// The experiments or the battery that a deletion removes.
public struct DeletionPlan: Sendable {
    /// An experiment to delete.
    public struct Experiment: Sendable {
        /// The whole id.
        public let id: String
        /// The id of its battery; nil if its hash does not say.
        public let battery: String?
        /// The name and the version of its battery; nil if the battery is not declared.
        public internal(set) var batteryName: (name: String, version: String)?
        /// The stored status; nil if there is none.
        public let status: ExperimentStatus?
        /// True if the experiment is the first one in the ranking of its battery by the objective.
        public internal(set) var isBest = false
    }

    /// A battery to delete, with all its experiments.
    public struct Battery: Sendable {
        /// The id.
        public let id: String
        /// The name.
        public let name: String
        /// The version, a decimal integer.
        public let version: String
        /// The description, possibly empty.
        public let description: String
        /// The number of its experiments.
        public internal(set) var experiments = 0
        /// The number of its experiments whose status is running.
        public internal(set) var running = 0
        /// The id of the first experiment in the ranking by the objective, with its score; nil if none is ranked.
        public internal(set) var best: (experiment: String, score: Double)?
        /// The channel that decides the best experiment.
        public let objective: String
        let direction: Direction
    }

    /// A command to write.
    struct Command: Sendable {
        let keyspace: Keyspace
        let event: ControlEvent
        /// The state that the experiment must still have when the command is carried out, if a rule has selected it; nil for any.
        var seen: String?
        /// The record of earlier thinnings of the experiment's curve; nil if there is none.
        var thinned: ThinnedCurve?

        init(_ keyspace: Keyspace, _ event: ControlEvent, seen: String? = nil, thinned: ThinnedCurve? = nil) {
            (self.keyspace, self.event, self.seen, self.thinned) = (keyspace, event, seen, thinned)
        }
    }

    /// The properties of a rule that has selected experiments.
    package struct Rule: Sendable {
        /// True if the rule selects experiments that run.
        let selectsRunning: Bool
        /// True if the best experiments stay, so that none of the others is the best of its battery.
        let keepsBest: Bool
        /// The states of experiments when they were selected, by partition and id; none for one that may change.
        let stamps: [Keyspace: [String: String]]

        package init(selectsRunning: Bool, keepsBest: Bool, stamps: [Keyspace: [String: String]] = [:]) {
            (self.selectsRunning, self.keepsBest, self.stamps) = (selectsRunning, keepsBest, stamps)
        }

        /// Returns whether an experiment has come to life since it was selected.
        ///
        /// - Parameters:
        ///   - states: its states in partitions.
        ///   - time: the time of the server in Unix milliseconds.
        func hasRevived(_ id: ExperimentID, _ states: [(keyspace: Keyspace, state: ExperimentStamp)], at time: Int64)
            -> Bool
        {
            states.contains { keyspace, state in
                if !selectsRunning, state.lives(at: time) { return true }
                return stamps[keyspace]?[id.text].map { $0 != state.stamp } ?? false
            }
        }
    }

    /// The experiments. Empty if a battery is deleted.
    public internal(set) var experiments: [Experiment] = []
    /// The battery; nil if experiments are deleted.
    public internal(set) var battery: Battery?
    /// The ids of experiments that a rule has selected and that have changed since.
    package internal(set) var revived: [String] = []
    /// The keys of learning curves that have another type, so that no row of them can be removed.
    public internal(set) var unreadableCurves: [String] = []
    /// The rows that stay of the learning curves, if only the others are removed; nil if the experiments are deleted.
    package internal(set) var curveLimit: CurveLimit?
    /// The commands to write, with their partitions.
    var commands: [Command] = []

    /// Returns the plan without some experiments, for a message about the others.
    package func leavingOut(_ ids: Set<String>) -> DeletionPlan {
        var plan = self
        plan.experiments.removeAll { ids.contains($0.id) }
        return plan
    }
}

/// A reason why a deletion could not be planned or requested.
public struct DeletionError: Error, Sendable, Hashable, CustomStringConvertible {
    /// An error that a caller can distinguish.
    public enum Code: Sendable, Hashable {
        /// The text is not an id of an experiment.
        case invalidID(String)
        /// No partition has an experiment whose id is this text or starts with it.
        case experimentNotFound(String)
        /// The experiment was deleted at this time, in Unix milliseconds.
        case experimentDeleted(String, time: Int64)
        /// Several experiments have ids that start with this text.
        case ambiguousExperiment(String, matches: [String])
        /// No partition has a battery of this name or id. The names are those of all batteries.
        case batteryNotFound(String, names: [String])
        /// No battery of this name has the version, a decimal integer. The versions are those that there are.
        case versionNotFound(String, version: Int, versions: [String])
        /// Several batteries have this name.
        case ambiguousBattery(String, matches: [Match])
        /// A command or the connection to Redis failed.
        case redis(RedisFailure)
    }

    /// A battery among several of one name.
    public struct Match: Sendable, Hashable {
        /// The id.
        public let id: String
        /// The version, a decimal integer.
        public let version: String
        /// The description, possibly empty.
        public let description: String
    }

    /// The description of an error of Redis.
    public struct RedisFailure: Sendable, Hashable {
        /// The description.
        public let description: String
        /// True if the account lacks the permission for a command or a key.
        public let isPermissionMissing: Bool
        /// True if the hash slot of the keys migrates between two servers of a cluster.
        public let isMigrating: Bool
    }

    /// The identity of the error.
    public let code: Code

    init(_ code: Code) {
        self.code = code
    }

    /// The description of the failure.
    public var description: String {
        switch code {
        case .invalidID(let text): "invalid experiment id: '\(printable(text))'"
        case .experimentNotFound(let id), .experimentDeleted(let id, _): "experiment not found: \(id)"
        case .ambiguousExperiment(let prefix, let matches):
            "ambiguous id: \(prefix) is the start of \(matches.prefix(5).joined(separator: ", "))"
                + (matches.count > 5 ? " and others" : "")
        case .batteryNotFound(let name, _): "battery not found: '\(printable(name))'"
        case .versionNotFound(let name, let version, _):
            "battery not found: '\(printable(name))' version \(version)"
        case .ambiguousBattery(let name, let matches):
            "ambiguous name: \(matches.count) batteries are named '\(printable(name))'"
        case .redis(let failure): failure.description
        }
    }
}
