import HyperoSchema

/// The state that must be read before a batch can be folded, as indexes in the batch's lists.
package struct MissingState {
    package var producers: [Int] = []
    package var batteries: [Int] = []
    package var experiments: [Int] = []
    /// Epochs of the curve, by experiment index.
    package var rows: [Int: Set<Int>] = [:]
    /// The experiments whose whole curve must be read, by index, with the objective of each.
    package var wholeCurves: [Int: BatteryState.Objective] = [:]
    /// The experiments whose whole hash must be read, because their battery's list lacks them.
    package var unlisted: [Int] = []
    package var searches: [Int] = []
    /// The searches whose rungs must be read, by index, with the rungs without members.
    package var rungs: [Int: Rungs] = [:]
    /// The experiments whose hyper-parameters must be read, because the history of their search gets them.
    package var parameters: [Int] = []
    /// The producers and experiments of silent trials. The batch gets them as further subjects, and is then folded again.
    var subjects = FurtherSubjects()

    init() {}

    /// Finds the state that a batch needs and `prior` lacks: the subjects, or, if all of them are known, the rows of
    /// their curves.
    init(of batch: DecodedBatch, given prior: PriorState) {
        self.init(subjectsOf: batch, given: prior, except: nil)
        guard isEmpty else { return }
        let curves = prior.experiments.indices.map { KnownCurve(of: $0, in: prior) }
        for index in prior.experiments.indices where prior.experiments[index]?.isListed == false {
            if prior.unlisted[index] == nil { unlisted.append(index) }
            guard let highest = curves[index].highestEpoch else { continue }
            addRows(highest...highest, of: index, curve: curves[index], prior: prior)
        }
        for item in batch.items where item.subjects.experiment >= 0 {
            let index = item.subjects.experiment
            switch item.content {
            case .row(let epoch, _): addRows(epoch...epoch, of: index, curve: curves[index], prior: prior)
            case .event(let event):
                addRows(for: batch.events[event].body, of: index, curve: curves[index], prior: prior)
            case .rejected, .alive: break
            }
        }
    }

    /// Finds the subjects of a batch that `prior` lacks.
    ///
    /// - Parameter other: a batch whose subjects are left out; nil for none.
    init(subjectsOf batch: DecodedBatch, given prior: PriorState, except other: DecodedBatch?) {
        producers = prior.producers.indices.filter { index in
            prior.producers[index] == nil && other?.contains(batch.producers[index]) != true
        }
        batteries = prior.batteries.indices.filter { index in
            prior.batteries[index] == nil && other?.contains(batch.batteries[index]) != true
        }
        experiments = prior.experiments.indices.filter { index in
            prior.experiments[index] == nil && other?.contains(batch.experiments[index]) != true
        }
        searches = batch.searches.indices.filter { index in
            prior.search(index) == nil && other?.contains(batch.searches[index]) != true
        }
    }

    package var isEmpty: Bool {
        producers.isEmpty && batteries.isEmpty && experiments.isEmpty && rows.isEmpty && wholeCurves.isEmpty
            && unlisted.isEmpty && searches.isEmpty && rungs.isEmpty && parameters.isEmpty && subjects.isEmpty
    }

    /// The epochs of a curve whose rows are known.
    private struct KnownCurve {
        /// The highest epoch of the curve; nil if no row has to be read.
        var highestEpoch: Int?
        /// The epoch of the known last row; -1 for none.
        var lastEpoch = -1
        /// The epoch of the known row of the maxima; -1 for none.
        var bestEpoch = -1
        /// The epoch of the maxima, if its row is not known.
        var unreadBestEpoch: Int?
        /// The epoch of the maxima that the user stated.
        var statedEpoch: Int?

        init(of index: Int, in prior: PriorState) {
            guard let state = prior.experiments[index] else { return }
            highestEpoch = state.highestEpoch
            lastEpoch = state.lastRow?.epoch ?? -1
            statedEpoch = state.stated?.epoch
            switch state.best {
            case .row(let epoch, .some): bestEpoch = epoch
            case .row(let epoch, nil): unreadBestEpoch = epoch == lastEpoch ? nil : epoch
            case .none, .unknown: break
            }
        }
    }

    private mutating func addRows(for body: Event.Body, of index: Int, curve: KnownCurve, prior: PriorState) {
        switch body {
        case .epoch(let epoch, _): addRows(epoch...epoch, of: index, curve: curve, prior: prior)
        case .curve(let first, let series):
            let count = series.map(\.numbers.count).max() ?? 0
            addRows(first...first + max(count - 1, 0), of: index, curve: curve, prior: prior)
        case .maxima(let epoch?, _): addRows(epoch...epoch, of: index, curve: curve, prior: prior)
        case .maxima(nil, _): addRowsOfMaxima(of: index, curve: curve, prior: prior)
        case .start(let start) where start.from != nil: addRowsOfMaxima(of: index, curve: curve, prior: prior)
        case .battery, .start, .param, .meta, .end, .alive, .search, .claim, .enqueue: break
        }
    }

    private mutating func addRows(
        _ epochs: ClosedRange<Int>, of index: Int, curve: KnownCurve, prior: PriorState
    ) {
        guard let highest = curve.highestEpoch else { return }
        addRowsOfMaxima(of: index, curve: curve, prior: prior)
        // The curve has no row above its highest epoch.
        guard epochs.lowerBound <= highest else { return }
        for epoch in epochs.clamped(to: epochs.lowerBound...highest)
        where epoch != curve.lastEpoch && epoch != curve.bestEpoch {
            WorkCounter.count(1)
            if prior.rows[index]?[epoch] == nil { rows[index, default: []].insert(epoch) }
        }
    }

    /// Adds the rows of the best epoch and of the one that the user stated. Their channels are the maxima that came from the
    /// curve.
    private mutating func addRowsOfMaxima(of index: Int, curve: KnownCurve, prior: PriorState) {
        guard let highest = curve.highestEpoch else { return }
        if let epoch = curve.unreadBestEpoch, prior.rows[index]?[epoch] == nil {
            rows[index, default: []].insert(epoch)
        }
        if let epoch = curve.statedEpoch, epoch <= highest, epoch != curve.lastEpoch, epoch != curve.bestEpoch,
            prior.rows[index]?[epoch] == nil
        {
            rows[index, default: []].insert(epoch)
        }
    }
}
