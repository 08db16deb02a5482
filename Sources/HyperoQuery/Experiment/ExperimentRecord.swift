public import HyperoSchema

/// All values of one experiment, and its learning curves.
///
///     let record = try store.experiment("k3v9x2mq7d-17")
///     let bestValid = record.maxima.first { $0.channel == "valid" }?.value
///     let lastTrain = record.curves["train"]?.last
///
/// A property is nil if the experiment's hash lacks the field, or if the field is malformed and described in
/// ``warnings``. All times are Unix milliseconds of the logging host's clock.
public struct ExperimentRecord: Sendable, Hashable {
    /// The experiment's id: `<producer>-<n>` with n = 1, 2, …, or an id of `[a-z0-9-]{1,64}` that another client chose.
    public let id: String
    /// The id of the experiment's battery.
    public let battery: String?
    /// The battery's name; nil if the battery's hash is missing or malformed.
    public let batteryName: String?
    /// The battery's version.
    public let batteryVersion: Int?
    /// The battery's description, possibly empty.
    public let batteryDescription: String?
    /// The battery's objective: the channel that decides which epoch is best.
    public let objective: String?
    /// The direction in which values of the objective are better; nil if the battery's hash is missing or malformed.
    public let direction: Direction?
    /// The status, and the last sign of life.
    public let liveness: Liveness
    /// The reason for the end, as stated by the program.
    public let reason: String?
    /// The reason why the stopping rule of its search has stopped the experiment, which is a trial: `rung 9: 14th of 31, halving keeps
    /// 10`. Nil if it has not.
    public let stop: String?
    /// The name of the host that runs the experiment.
    public let host: String?
    /// The process id on that host.
    public let pid: Int?
    /// The seed that, with the experiment's number, determines its draws of hyper-parameters. A decimal of up to 64 bits,
    /// kept as text because a double cannot hold all of them.
    public let seed: String?
    /// The id of the search whose trial the experiment is; nil if it is none.
    public let search: String?
    /// The number of the trial in its search, 1, 2, ….
    public let trial: Int?
    /// The number of processes that ran the experiment, one after the other; nil if it is unknown.
    public let attempt: Int?
    /// The time of the first event.
    public let started: Int64?
    /// The time of the latest event.
    public let updated: Int64?
    /// The highest epoch of the learning curves, at least 0.
    public let lastEpoch: Int?
    /// The epoch of the maxima, at least 0: the one that the program stated, else ``curveEpoch``.
    public let bestEpoch: Int?
    /// The epoch of the row of the learning curves that holds the maxima of the channels that the program did not state: the
    /// stated epoch if it has a row, else the best one. Nil if the program stated all of them, and if it is unknown.
    public let curveEpoch: Int?
    /// The channels whose maxima the program stated, in the order of the statements.
    public let statedChannels: [String]
    /// The epoch that the program stated for them; nil if it stated none.
    public let statedEpoch: Int?
    /// The source of the maxima: `curve` if they are the best row of the learning curves, `user` if the program stated
    /// them, `both` if it stated some of them.
    public let maximaSource: String?
    /// The values of the channels at the best epoch: `train`, `valid`, `test`, then the others by name. Empty until the
    /// objective has a finite value.
    public let maxima: [Maximum]
    /// The hyper-parameters, by name.
    public let params: [NamedValue]
    /// The distributions from which hyper-parameters were drawn, by the names of the hyper-parameters: `logUniform 1e-05 0.1`. A
    /// battery has one per name, the latest.
    public let distributions: [NamedDistribution]
    /// The metadata, by name.
    public let meta: [NamedValue]
    /// The number of nan and infinite values that were logged in curves and maxima.
    public let nonfiniteCount: Int
    /// The rows that an operator has removed from the learning curves; nil if they are whole.
    package let thinned: ThinnedCurve?
    /// The learning curves.
    public let curves: LearningCurves
    /// The malformed values that were left out and the declarations without effect, one sentence each.
    public let warnings: [String]

    /// The status: `running` until the experiment ends as `done`, `failed`, `stopped` or `lost`, and `lost` also for a
    /// running experiment without a sign of life; nil if it is absent or malformed.
    public var status: ExperimentStatus? { liveness.status }

    /// The number of rows that an operator has removed from the learning curves. The row of the maxima is never among them.
    public var removedRows: Int { thinned?.removed ?? 0 }

    /// The time from the first to the latest event, in milliseconds. Negative if the clocks of two hosts disagree.
    public var duration: Int64? {
        guard let started, let updated else { return nil }
        return updated.subtractingReportingOverflow(started).partialValue
    }
}
