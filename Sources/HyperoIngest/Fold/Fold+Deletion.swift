import HyperoSchema

// Events of deleted batteries and experiments.

extension Fold {
    /// Drops an event if its battery or experiment was deleted. A declaration that was added later revives the battery.
    ///
    /// The time is the one of the entry's id, because deletions have times of the same clock. The clock of a client may be
    /// late.
    ///
    /// - Returns: whether the event was dropped.
    mutating func drop(_ item: DecodedBatch.Item, at index: Int) -> Bool {
        let (battery, experiment) = (item.subjects.battery, item.subjects.experiment)
        let time = Int64(clamping: item.id.milliseconds)
        if let deleted = deletedBatteries[battery], !Tombstones.isExpired(deleted, at: time) {
            if experiment < 0, time > deleted {
                deletedBatteries[battery] = nil
                batteries[battery].revive(deletedAt: deleted)
                result.revived.append((batch.batteries[battery], deleted))
                return false
            }
        } else {
            guard experiment >= 0, let deleted = deletedExperiments[experiment],
                !Tombstones.isExpired(deleted, at: time)
            else { return false }
        }
        skip(index)
        return true
    }

    /// Counts an event of a deleted subject.
    mutating func skip(_ index: Int) {
        result.counts.deleted += 1
        result.skipped.append(index)
    }

    /// Returns whether an event that is older than the deletion of its battery would begin a part of an experiment: for example
    /// a row that arrives late, of an experiment that had ended. A `start` begins a whole one.
    func isGhost(_ item: DecodedBatch.Item) -> Bool {
        let experiment = item.subjects.experiment
        guard experiment >= 0 else { return false }
        if case .event(let index) = item.content {
            let event = batch.events[index]
            if event.body.kind == .start || event.requeued != nil { return false }
        }
        let index = foldIndexes[experiment]
        return (index < 0 ? prior.experiments[experiment]?.battery : experiments[index].battery) == nil
            && prior.experiments[experiment]?.readError == nil
    }
}
