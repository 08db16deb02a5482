package import HyperoSchema

/// The known state of a batch's subjects before the batch, in the order of the batch's lists.
package struct PriorState {
    /// The watermark of each producer; nil if it was not read yet.
    package var producers: [Watermark?]
    /// The state of each battery; nil if it was not read yet.
    package var batteries: [BatteryState?]
    /// The state of each experiment; nil if it was not read yet.
    package var experiments: [ExperimentState?]
    /// The state of each search; nil if it was not read yet. May have fewer elements than the batch's list.
    package var searches: [SearchState?] = []
    /// The rungs of the searches that were read, by search index.
    package var rungs: [Int: Rungs] = [:]
    /// The hyper-parameters and distributions that were read (``isParameter(_:)``), with their prefix, by experiment index.
    package var parameters: [Int: [(name: String, value: String)]] = [:]
    /// The indexes of the experiments of ``DecodedBatch/areNew`` that were found to exist.
    var existing: Set<Int> = []
    /// The rows that were read, by experiment index and epoch; an empty row if the curve has none at the epoch.
    package var rows: [Int: [Int: CurveRow]] = [:]
    /// The indexes of the experiments of which several rows are too large for one reply.
    var wideRows: Set<Int> = []
    /// The objectives of the whole curves that are known, by experiment index.
    package var objectives: [Int: CurveObjectives] = [:]
    /// All epochs of the whole curves that were read for this batch, ascending, by experiment index.
    package var epochs: [Int: [Int]] = [:]
    /// The experiments that are restored to their battery's indexes, by experiment index.
    package var unlisted: [Int: UnlistedExperiment] = [:]
    /// The subjects of which only a part was found.
    package var vanished: [VanishedSubject] = []
    /// The deleted experiments and batteries.
    package var tombstones = Tombstones()

    package init(
        producers: [Watermark?], batteries: [BatteryState?], experiments: [ExperimentState?],
        searches: [SearchState?] = []
    ) {
        self.producers = producers
        self.batteries = batteries
        self.experiments = experiments
        self.searches = searches
    }

    /// Returns whether a field of an experiment's hash is a hyper-parameter, or a distribution that differs from that of the search.
    package static func isParameter(_ field: String) -> Bool {
        field.dropping(prefix: Prefix.param) != nil || field.dropping(prefix: Prefix.space) != nil
    }

    /// Returns the state of a search, by its index in the batch; nil if it was not read yet.
    func search(_ index: Int) -> SearchState? { index < searches.count ? searches[index] : nil }

    /// Sets the state of a search, by its index in the batch.
    package mutating func set(_ search: SearchState, at index: Int) {
        while searches.count <= index { searches.append(nil) }
        searches[index] = search
    }

    /// Makes room for the subjects that a batch has got. Their state is not read yet.
    mutating func extend(to batch: DecodedBatch) {
        producers += Array(repeating: nil, count: batch.producers.count - producers.count)
        experiments += Array(repeating: nil, count: batch.experiments.count - experiments.count)
    }
}

/// The part of an experiment's hash from which its battery's indexes are restored.
package struct UnlistedExperiment: Sendable, Hashable {
    /// The time of the first event in Unix milliseconds; nil if it is unknown.
    package var started: Int64?
    /// The columns of the experiment, without those of its curve.
    package var columns: [String] = []

    /// - Parameter fields: all fields of the hash.
    package init(fields: [(name: String, value: String)]) {
        let others: Set = [ExperimentField.maxEpoch, ExperimentField.maxSource, ExperimentField.maxStated]
        for (name, value) in fields {
            if name == ExperimentField.started { started = Int64(value) }
            let isColumn = [Prefix.param, Prefix.meta, Prefix.max].contains { name.dropping(prefix: $0) != nil }
            if isColumn, !others.contains(name) { columns.append(name) }
        }
    }
}

/// The state of a batch's subjects after the batch, in the order of the batch's lists.
struct PosteriorState {
    var producers: [Watermark] = []
    var batteries: [BatteryState] = []
    var experiments: [ExperimentState] = []
    var searches: [SearchState] = []
    /// The rungs that are known, by search index.
    var rungs: [Int: Rungs] = [:]
    /// The objectives of the whole curves that are known, by experiment index.
    var objectives: [Int: CurveObjectives] = [:]
}
