package import HyperoSchema

/// What is known of the subjects of a batch, in the order in which the batch lists them.
package struct PriorState {
    /// Nil: not read yet.
    package var producers: [Watermark?]
    package var batteries: [BatteryState?]
    package var experiments: [ExperimentState?]
    /// Rows that were read, by experiment and epoch; an empty row where there is none.
    package var rows: [Int: [Int: CurveRow]] = [:]
    /// Experiments of which every row was read.
    package var wholeCurves: Set<Int> = []

    package init(producers: [Watermark?], batteries: [BatteryState?], experiments: [ExperimentState?]) {
        self.producers = producers
        self.batteries = batteries
        self.experiments = experiments
    }
}

/// What must be read before a batch can be folded, as places in the batch's lists.
package struct MissingState: Hashable {
    package var producers: [Int] = []
    package var batteries: [Int] = []
    package var experiments: [Int] = []
    /// Epochs of the curve, by experiment.
    package var rows: [Int: Set<Int>] = [:]
    /// Experiments whose whole curve is needed.
    package var wholeCurves: Set<Int> = []

    package init() {}

    package var isEmpty: Bool {
        producers.isEmpty && batteries.isEmpty && experiments.isEmpty && rows.isEmpty && wholeCurves.isEmpty
    }
}
