import HyperoSchema

// Events of deleted batteries and experiments.

extension Fold {
    /// Drops an event if its battery or experiment was deleted. A declaration that was added later revives the battery.
    ///
    /// An experiment that does not exist when its event is dropped because of the battery stays away when that battery is declared
    /// again. Otherwise it would come back without its start and parameters, which were dropped.
    ///
    /// The time is the one of the entry's id, because deletions have times of the same clock. The clock of a client may be
    /// late.
    ///
    /// - Returns: whether the event was dropped.
    mutating func drop(_ item: DecodedBatch.Item, at index: Int) -> Bool {
        let (battery, experiment) = (item.subjects.battery, item.subjects.experiment)
        let time = item.added
        if let deleted = deletedBatteries[battery], !Tombstones.isExpired(deleted, at: time) {
            guard experiment >= 0 else {
                guard isDeclaration(item) else {
                    skip(index)
                    return true
                }
                return !revive(battery, deleted: deleted, at: time, item: index)
            }
            if deletionTime(of: experiment, in: battery) == nil, !exists(experiment) {
                withheld[DecodedBatch.Naming(experiment: experiment, battery: battery)] = deleted
                let member = Tombstones.member(for: batch.experiments[experiment], in: batch.batteries[battery])
                result.withheld.append((member, deleted))
            }
        } else {
            guard experiment >= 0, let deleted = deletionTime(of: experiment, in: battery),
                !Tombstones.isExpired(deleted, at: time)
            else { return false }
        }
        skip(index)
        return true
    }

    /// Returns the time of the deletion that keeps an experiment away from a battery, in Unix milliseconds; nil if none does.
    func deletionTime(of experiment: Int, in battery: Int) -> Int64? {
        if let deleted = deletedExperiments[experiment] { return deleted }
        // The ids are joined only for experiments that do not exist.
        guard !exists(experiment) else { return nil }
        return withheld[DecodedBatch.Naming(experiment: experiment, battery: battery)]
            ?? prior.tombstones.time(of: batch.experiments[experiment], in: batch.batteries[battery])
    }

    private func isDeclaration(_ item: DecodedBatch.Item) -> Bool {
        if case .event(let index) = item.content { batch.events[index].body.kind == .battery } else { false }
    }

    /// Revives a deleted battery if its declaration was added after the deletion. Drops the declaration otherwise.
    ///
    /// - Returns: whether the battery lives.
    private mutating func revive(_ battery: Int, deleted: Int64, at time: Int64, item index: Int) -> Bool {
        guard time > deleted else {
            skip(index)
            return false
        }
        deletedBatteries[battery] = nil
        batteries[battery].revive(deletedAt: deleted)
        result.revived.append((batch.batteries[battery], deleted))
        return true
    }

    /// Counts an event of a deleted subject.
    mutating func skip(_ index: Int) {
        result.counts.deleted += 1
        let producer = batch.items[index].subjects.producer
        if producer >= 0, producers[producer].readError == nil { deletedCounts[producer] += 1 }
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
        return !exists(experiment) && prior.experiments[experiment]?.readError == nil
    }

    /// Returns whether an experiment is in the indexes.
    private func exists(_ experiment: Int) -> Bool {
        foldIndexes[experiment] >= 0 || prior.experiments[experiment]?.battery != nil
    }

    /// Adds the tombstones of the experiments whose events were dropped because of their batteries.
    mutating func addTombstones() {
        guard !result.withheld.isEmpty else { return }
        let members = result.withheld.map { IndexChange.Scored($0.member, score: String($0.deleted)) }
        result.changes.append(.addScores(key: keyspace.deleted, members, onlyNew: true))
    }
}
