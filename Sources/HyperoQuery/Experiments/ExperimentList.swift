public import HyperoSchema

/// The experiments of a battery, newest first, ranked or not.
public struct ExperimentList: Sendable, Hashable {
    /// The battery's name.
    public let name: String
    /// The versions of the listed batteries, ascending.
    public let versions: [Int]
    /// The objective of the newest version.
    public let objective: String
    /// The listed batteries.
    package let source: BatterySource
    /// The ids of the listed batteries, sorted by version. Batteries of one version differ in their descriptions.
    public var batteries: [String] { source.batteries.map(\.id) }
    /// The number of experiments of the batteries, listed or not.
    public let count: Int
    /// The number of experiments that the filter looked at: all of them, or less if the limit was reached before.
    public let examinedCount: Int
    /// The filter of the list.
    public let filter: ExperimentFilter
    /// True if the filter looked for the channel in the learning curves, because no ranking has it.
    package let isFilteredByCurves: Bool
    /// The requested fields of the experiments' hashes, such as `param.lr`; nil if all fields were requested.
    public let columns: [String]?
    /// The requested fields of every experiment that were named with their prefix, such as `hypero.seed`.
    let prefixedOwnFields: Set<String>
    /// The experiments, newest first, at most as many as the limit.
    public let rows: [Row]
    /// The malformed values that were left out and the declarations without effect, one sentence each.
    public let warnings: [String]
    /// The parts of the filter's expression; nil without one.
    package let filterUse: FilterUse?

    /// The requested columns that are neither maxima nor hyper-parameters nor metadata. JSON has no key for them.
    package var columnsOutsideJSON: [String] {
        (columns ?? []).filter { FieldName($0) == .other && !Self.fixedFields.contains($0) }
    }

    /// The fields that JSON and CSV always have.
    static let fixedFields = [
        ExperimentField.battery, ExperimentField.status, ExperimentField.started, ExperimentField.epochs,
        ExperimentField.maxEpoch, ExperimentField.host, ExperimentField.reason, OwnField.lastSeen,
    ]

    /// One experiment.
    public struct Row: Sendable, Hashable {
        /// The experiment's id.
        public let experiment: String
        /// The id of the experiment's battery.
        public let battery: String
        /// The battery's name.
        public let batteryName: String
        /// The battery's version.
        public let batteryVersion: Int
        /// The status, and the last sign of life.
        public let liveness: Liveness
        /// The time of the first event, in Unix milliseconds.
        public let started: Int64?
        /// The highest epoch of the learning curves.
        public let lastEpoch: Int?
        /// The epoch of the maxima, at least 0; nil if it is unknown.
        public let bestEpoch: Int?
        /// The objective of the experiment's battery. Versions of one name may have different ones.
        public let objective: String
        /// The maxima value of ``objective`` with its digits as stored; nil if there is none.
        package let number: Number?
        /// The name of the host.
        public let host: String?
        /// The reason for the end.
        public let reason: String?
        /// The values of the channels at the best epoch: `train`, `valid`, `test`, then the others by name.
        public let maxima: [Maximum]
        /// The hyper-parameters, by name.
        public let params: [NamedValue]
        /// The metadata, by name.
        public let meta: [NamedValue]
        /// The fields of the experiment's hash as they were read.
        package let fields: [ExactText: String]

        /// The maxima value of ``objective``, which may be nan or infinite; nil if there is none.
        public var value: Double? { number?.value }

        /// The status, `lost` for a running experiment without a sign of life; nil if it is absent or malformed.
        public var status: ExperimentStatus? { liveness.status }
    }
}

/// The experiments that a list contains.
public struct ExperimentFilter: Sendable, Hashable {
    /// The statuses of the experiments; empty for any.
    public var statuses: Set<ExperimentStatus>
    /// True for only the experiments that a ranking leaves out, because they have no finite maxima value of its channel.
    public var isUnranked: Bool
    /// The channel of that ranking; nil for the objective of each experiment's battery.
    public var channel: String?
    /// The expression that the experiments fulfil; nil for none.
    public var expression: Filter?

    /// Creates a filter. By default it lets all experiments pass.
    public init(
        statuses: Set<ExperimentStatus> = [], isUnranked: Bool = false, by channel: String? = nil,
        where expression: Filter? = nil
    ) {
        self.statuses = statuses
        self.isUnranked = isUnranked
        self.channel = channel
        self.expression = expression
    }

    /// True if the filter lets all experiments pass.
    public var isEmpty: Bool { statuses.isEmpty && !isUnranked && (expression?.isEmpty ?? true) }
}
