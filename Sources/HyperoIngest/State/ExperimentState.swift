package import HyperoSchema

/// What the fold knows of an experiment: the little of its hash and its curve that the next event may depend on.
package struct ExperimentState: Sendable, Hashable {
    /// A row of the curve.
    package struct KnownRow: Sendable, Hashable {
        package var epoch: Int
        package var row: KeptRow

        package init(epoch: Int, row: KeptRow) {
            self.epoch = epoch
            self.row = row
        }
    }

    /// Where the maxima come from.
    package enum Maxima: Sendable, Hashable {
        case none
        /// The row of this epoch; nil when it was not read yet.
        case curve(epoch: Int, row: KeptRow?)
        case user
    }

    /// Nil when the experiment does not exist.
    package var battery: BatteryID?
    /// Unix milliseconds of the latest event.
    package var updated: Int64 = .min
    /// The highest epoch of the curve.
    package var epochs: Int?
    /// How many values came as nan or infinite.
    package var nonfinite = 0
    package var maxima = Maxima.none
    /// The row of the highest epoch, to which the next piece mostly belongs.
    package var last: KnownRow?
    /// Why the experiment cannot be read, when its key holds something else.
    package var problem: String?

    package init() {}

    /// An experiment whose keys cannot be read.
    package init(problem: String) {
        self.problem = problem
    }

    /// What ``ExperimentField`` holds; what cannot be read counts as absent.
    package init(
        battery: String?, updated: String?, epochs: String?, nonfinite: String?, maxEpoch: String?, maxSource: String?
    ) {
        self.battery = battery.flatMap { BatteryID($0) }
        self.updated = updated.flatMap { Int64($0) } ?? .min
        self.epochs = epochs.flatMap { Int($0) }
        self.nonfinite = nonfinite.flatMap { Int($0) } ?? 0
        switch maxSource.flatMap({ MaximaSource(rawValue: $0) }) {
        case .user: maxima = .user
        case .curve: maxima = maxEpoch.flatMap { Int($0) }.map { .curve(epoch: $0, row: nil) } ?? .none
        case nil: maxima = .none
        }
    }

    /// Bytes that keeping the state takes, roughly.
    package var cost: Int {
        var cost = 400
        if case .curve(_, let row?) = maxima { cost += row.cost }
        if let last { cost += last.row.cost }
        return cost
    }
}
