import HyperoSchema

/// The part of an experiment's hash and curve that the fold depends on.
package struct ExperimentState: Sendable, Hashable {
    /// A row of the curve with its epoch.
    struct KnownRow: Sendable, Hashable {
        var epoch: Int
        var row: KeptRow
    }

    /// The origin of the maxima.
    enum Maxima: Sendable, Hashable {
        case none
        /// The row of an epoch; nil if the row was not read yet.
        case curve(epoch: Int, row: KeptRow?)
        case user
    }

    /// The battery of the experiment; nil if the experiment does not exist.
    var battery: BatteryID?
    /// The time of the latest event in Unix milliseconds.
    var updated: Int64 = .min
    /// The highest epoch of the curve; nil if the curve is empty.
    var highestEpoch: Int?
    /// The number of values received as nan or infinite.
    package var nonfinite = 0
    var maxima = Maxima.none
    /// The row of the highest epoch; nil if it was not read yet. Most later parts of a row belong to this row.
    var lastRow: KnownRow?
    /// The reason why a key of the experiment cannot be read, for example because it has another type.
    var readError: String?

    package init() {}

    /// Creates the state of an experiment whose keys cannot be read.
    package init(readError: String) {
        self.readError = readError
    }

    /// Creates the state from the values of ``ExperimentField``; a malformed value counts as absent.
    package init(
        battery: String?, updated: String?, epochs: String?, nonfinite: String?, maxEpoch: String?, maxSource: String?
    ) {
        self.battery = battery.flatMap { BatteryID($0) }
        self.updated = updated.flatMap { Int64($0) } ?? .min
        highestEpoch = epochs.flatMap { Int($0) }
        // Another client may have written the field, and the count must not overflow.
        self.nonfinite = nonfinite.flatMap { Int($0) }.map { min(max($0, 0), 1 << 53) } ?? 0
        switch maxSource.flatMap({ MaximaSource(rawValue: $0) }) {
        case .user: maxima = .user
        case .curve: maxima = maxEpoch.flatMap { Int($0) }.map { .curve(epoch: $0, row: nil) } ?? .none
        case nil: maxima = .none
        }
    }

    /// The approximate memory of the state in bytes.
    var cost: Int {
        var cost = 400
        if case .curve(_, let row?) = maxima { cost += row.cost }
        if let lastRow { cost += lastRow.row.cost }
        return cost
    }
}
