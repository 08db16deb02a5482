import HyperoSchema

/// A bounded cache of the state after the latest batches, which saves reading it from Redis again.
///
/// It holds the state that Redis will have once every folded batch is applied. The caller must remove all of it if a
/// transaction is not applied, if one of its commands fails, or if its outcome is unknown.
struct StateCache {
    private var producers = GenerationCache<HashedID<ProducerID>, Watermark>(limit: 4 << 20)
    private var batteries = GenerationCache<HashedID<BatteryID>, BatteryState>(limit: 4 << 20)
    private var experiments = GenerationCache<HashedID<ExperimentID>, ExperimentState>(limit: 24 << 20)
    private var searches = GenerationCache<SearchID, SearchState>(limit: 16 << 20)
    /// Without the cached rungs of a search, each batch with a row of a trial reads all of them. The limit is that of a million trials.
    private var rungs = GenerationCache<SearchID, Rungs>(limit: 64 << 20)
    /// The curves whose best epoch has got worse. It may get worse again, for each of many small batches.
    private var objectives = GenerationCache<HashedID<ExperimentID>, CurveObjectives>(limit: 32 << 20)

    /// Returns the cached state of a batch's subjects.
    func priorState(of batch: DecodedBatch) -> PriorState {
        var prior = PriorState(
            producers: batch.producerInterner.keys.map { producers[$0] },
            batteries: batch.batteryInterner.keys.map { batteries[$0] },
            experiments: batch.experimentInterner.keys.map { experiments[$0] })
        if !batch.searches.isEmpty { prior.searches = batch.searches.map { searches[$0] } }
        if !rungs.isEmpty { for (index, id) in batch.searches.enumerated() { prior.rungs[index] = rungs[id] } }
        if !objectives.isEmpty {
            for (index, key) in batch.experimentInterner.keys.enumerated() { prior.objectives[index] = objectives[key] }
        }
        return prior
    }

    /// Stores the state after a batch.
    ///
    /// Subjects that cannot be read are removed: an operator may repair their keys, so each batch reads them again. Experiments
    /// that do not exist are not stored either, because each battery may have a tombstone of them.
    mutating func store(_ posterior: PosteriorState, of batch: DecodedBatch) {
        for (id, state) in zip(batch.producerInterner.keys, posterior.producers) {
            let isReadable = state.readError == nil
            producers.set(isReadable ? state : nil, for: id, cost: 200 + state.missing.count * 16)
        }
        for (id, state) in zip(batch.batteryInterner.keys, posterior.batteries) {
            let isReadable = state.readError == nil
            batteries.set(
                isReadable ? state : nil, for: id,
                cost: 400 + state.columns.reduce(0) { $0 + 48 + $1.text.utf8.count })
        }
        for (id, state) in zip(batch.experimentInterner.keys, posterior.experiments) {
            let isKnown = state.readError == nil && state.battery != nil
            experiments.set(isKnown ? state : nil, for: id, cost: state.cost)
        }
        for (id, state) in zip(batch.searches, posterior.searches) {
            searches.set(state.readError == nil ? state : nil, for: id, cost: state.cost)
        }
        for (index, known) in posterior.rungs {
            rungs.set(known.isReadable ? known : nil, for: batch.searches[index], cost: known.cost)
        }
        guard !(objectives.isEmpty && posterior.objectives.isEmpty) else { return }
        for (index, id) in batch.experimentInterner.keys.enumerated() {
            let isReadable = posterior.experiments[index].readError == nil
            let known = isReadable ? posterior.objectives[index] : nil
            objectives.set(known, for: id, cost: known?.cost ?? 0)
        }
    }

    mutating func removeAll() {
        producers.removeAll()
        batteries.removeAll()
        experiments.removeAll()
        searches.removeAll()
        rungs.removeAll()
        objectives.removeAll()
    }
}
