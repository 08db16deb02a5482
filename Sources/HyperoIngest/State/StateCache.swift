import HyperoSchema

/// What was known after the batches before, within a bound: it spares reading it again.
///
/// It holds what Redis holds once all that was sent is applied. When anything sent was not, or may not have been, the
/// whole of it is thrown away.
struct StateCache {
    private var producers = GenerationCache<ProducerID, Watermark>(limit: 4 << 20)
    private var batteries = GenerationCache<BatteryID, BatteryState>(limit: 4 << 20)
    private var experiments = GenerationCache<ExperimentID, ExperimentState>(limit: 24 << 20)

    func known(of batch: DecodedBatch) -> PriorState {
        PriorState(
            producers: batch.producers.map { producers[$0] }, batteries: batch.batteries.map { batteries[$0] },
            experiments: batch.experiments.map { experiments[$0] })
    }

    /// Takes what is known after a batch. What cannot be read is looked at again each time: somebody may mend it.
    mutating func take(_ folded: FoldResult, of batch: DecodedBatch) {
        for (id, state) in zip(batch.producers, folded.producers) {
            guard state.problem == nil else { continue }
            producers.insert(state, for: id, cost: 200 + state.missing.count * 16)
        }
        for (id, state) in zip(batch.batteries, folded.batteries) where state.problem == nil {
            batteries.insert(state, for: id, cost: 400 + state.columns.reduce(0) { $0 + 48 + $1.text.utf8.count })
        }
        for (id, state) in zip(batch.experiments, folded.experiments) where state.problem == nil {
            experiments.insert(state, for: id, cost: state.cost)
        }
    }

    mutating func removeAll() {
        producers.removeAll()
        batteries.removeAll()
        experiments.removeAll()
    }
}
