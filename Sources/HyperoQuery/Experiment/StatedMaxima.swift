import HyperoSchema

/// The channels whose maxima the program stated, and their epoch.
struct StatedMaxima {
    let channels: [String]
    /// The epoch that the program stated; nil if it stated none.
    let epoch: Int?

    /// Reads ``ExperimentField/maxStated``, such as `epoch=7 test=0.8`. A malformed text counts as absent.
    init(_ text: String?) {
        let row = text.flatMap(CurveRow.init(text:)) ?? CurveRow()
        channels = row.cells.map(\.channel).filter { $0 != ExperimentField.epochOfStated }
        epoch = row[ExperimentField.epochOfStated].flatMap { Int(exactly: $0.value) }
    }

    /// Returns the epoch of the row from which the ingest takes the maxima of all other channels: the stated epoch if it has a
    /// row, else the best one. Nil if the learning curves do not show it.
    ///
    /// - Parameter bestEpoch: ``ExperimentField/maxEpoch``, which is the best one of the curves unless the program stated one.
    func curveEpoch(in curves: LearningCurves, of battery: StoredBattery?, bestEpoch: Int?) -> Int? {
        guard let epoch else { return bestEpoch }
        if curves.epochs.contains(epoch) { return epoch }
        guard let battery, let values = curves[battery.objective] else { return nil }
        var best: (epoch: Int, value: Double)?
        for (epoch, value) in zip(curves.epochs, values) {
            guard let value, value.isFinite else { continue }
            // The epochs ascend, and of equal values the first one counts.
            if let other = best, !battery.direction.prefers(value, over: other.value) { continue }
            best = (epoch, value)
        }
        return best?.epoch
    }
}
