package import HyperoSchema

/// The known state of a batch's subjects before the batch, in the order of the batch's lists.
package struct PriorState {
    /// The watermark of each producer; nil if it was not read yet.
    package var producers: [Watermark?]
    /// The state of each battery; nil if it was not read yet.
    package var batteries: [BatteryState?]
    /// The state of each experiment; nil if it was not read yet.
    package var experiments: [ExperimentState?]
    /// The rows that were read, by experiment index and epoch; an empty row if the curve has none at the epoch.
    package var rows: [Int: [Int: CurveRow]] = [:]
    /// The indexes of the experiments of which several rows are too large for one reply.
    var wideRows: Set<Int> = []
    /// The objectives of the whole curves that are known, by experiment index.
    package var objectives: [Int: CurveObjectives] = [:]

    package init(producers: [Watermark?], batteries: [BatteryState?], experiments: [ExperimentState?]) {
        self.producers = producers
        self.batteries = batteries
        self.experiments = experiments
    }
}

/// The state of a batch's subjects after the batch, in the order of the batch's lists.
struct PosteriorState {
    var producers: [Watermark] = []
    var batteries: [BatteryState] = []
    var experiments: [ExperimentState] = []
    /// The objectives of the whole curves that are known, by experiment index.
    var objectives: [Int: CurveObjectives] = [:]
}
