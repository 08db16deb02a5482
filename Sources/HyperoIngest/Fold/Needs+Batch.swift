import HyperoSchema

extension Needs {
    /// What a batch needs that is not known: first its subjects, and when they are known, rows of their curves.
    init(of batch: Batch, given known: Known) {
        producers = known.producers.indices.filter { known.producers[$0] == nil }
        batteries = known.batteries.indices.filter { known.batteries[$0] == nil }
        experiments = known.experiments.indices.filter { known.experiments[$0] == nil }
        guard isEmpty else { return }
        for item in batch.items {
            guard case .event(let event, let subjects) = item.content, let place = subjects.experiment else { continue }
            switch event.body {
            case .epoch(let epoch, _): addRows(epoch...epoch, of: place, given: known)
            case .curve(let first, let series):
                let count = series.map(\.numbers.count).max() ?? 0
                addRows(first...first + max(count - 1, 0), of: place, given: known)
            case .maxima: addBestRow(of: place, given: known)
            default: break
            }
        }
    }

    private mutating func addRows(_ touched: ClosedRange<Int>, of place: Int, given known: Known) {
        guard let state = known.experiments[place], let epochs = state.epochs else { return }
        addBestRow(of: place, given: known)
        // Above the highest epoch there is nothing to read.
        guard touched.lowerBound <= epochs, !known.wholeCurves.contains(place) else { return }
        for epoch in touched.clamped(to: touched.lowerBound...epochs) {
            if state.last?.epoch == epoch || known.rows[place]?[epoch] != nil { continue }
            if case .curve(epoch, .some) = state.maxima { continue }
            rows[place, default: []].insert(epoch)
        }
    }

    /// The row of the maxima tells which of their fields came from the curve.
    private mutating func addBestRow(of place: Int, given known: Known) {
        guard case .curve(let epoch, nil) = known.experiments[place]?.maxima, !known.wholeCurves.contains(place),
            known.rows[place]?[epoch] == nil, known.experiments[place]?.last?.epoch != epoch
        else { return }
        rows[place, default: []].insert(epoch)
    }
}
