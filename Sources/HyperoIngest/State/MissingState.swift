import HyperoSchema

extension MissingState {
    /// What a batch needs that is not known: first its subjects, and when they are known, rows of their curves.
    init(of batch: DecodedBatch, given known: PriorState) {
        self.init(subjectsOf: batch, given: known, except: nil)
        guard isEmpty else { return }
        let curves = known.experiments.indices.map { Curve(of: $0, in: known) }
        for item in batch.items where item.subjects.experiment >= 0 {
            let place = item.subjects.experiment
            switch item.content {
            case .row(let epoch, _): addRows(epoch...epoch, of: place, curves[place], given: known)
            case .event(let event): addRows(of: batch.events[event].body, place, curves[place], given: known)
            case .rejected: break
            }
        }
    }

    /// The subjects that are not known, but for those of another batch.
    init(subjectsOf batch: DecodedBatch, given known: PriorState, except other: DecodedBatch?) {
        producers = known.producers.indices.filter { place in
            known.producers[place] == nil && other?.contains(batch.producers[place]) != true
        }
        batteries = known.batteries.indices.filter { place in
            known.batteries[place] == nil && other?.contains(batch.batteries[place]) != true
        }
        experiments = known.experiments.indices.filter { place in
            known.experiments[place] == nil && other?.contains(batch.experiments[place]) != true
        }
    }

    /// What is known of a curve, in numbers.
    private struct Curve {
        /// Nil: there is nothing to read.
        var highest: Int?
        /// The epochs whose rows are known; -1 for none.
        var last = -1
        var best = -1
        /// The epoch of the maxima when its row is not known.
        var unknownBest: Int?

        init(of place: Int, in known: PriorState) {
            guard let state = known.experiments[place], !known.wholeCurves.contains(place) else { return }
            highest = state.epochs
            last = state.last?.epoch ?? -1
            switch state.maxima {
            case .curve(let epoch, .some): best = epoch
            case .curve(let epoch, nil): unknownBest = epoch == last ? nil : epoch
            case .none, .user: break
            }
        }
    }

    private mutating func addRows(of body: Event.Body, _ place: Int, _ curve: Curve, given known: PriorState) {
        switch body {
        case .epoch(let epoch, _): addRows(epoch...epoch, of: place, curve, given: known)
        case .curve(let first, let series):
            let count = series.map(\.numbers.count).max() ?? 0
            addRows(first...first + max(count - 1, 0), of: place, curve, given: known)
        case .maxima: addBestRow(of: place, curve, given: known)
        case .battery, .start, .param, .meta, .end: break
        }
    }

    private mutating func addRows(_ touched: ClosedRange<Int>, of place: Int, _ curve: Curve, given known: PriorState) {
        guard let highest = curve.highest else { return }
        addBestRow(of: place, curve, given: known)
        // Above the highest epoch there is nothing to read.
        guard touched.lowerBound <= highest else { return }
        for epoch in touched.clamped(to: touched.lowerBound...highest) where epoch != curve.last && epoch != curve.best
        {
            if known.rows[place]?[epoch] == nil { rows[place, default: []].insert(epoch) }
        }
    }

    /// The row of the maxima tells which of their fields came from the curve.
    private mutating func addBestRow(of place: Int, _ curve: Curve, given known: PriorState) {
        guard let epoch = curve.unknownBest, known.rows[place]?[epoch] == nil else { return }
        rows[place, default: []].insert(epoch)
    }
}
