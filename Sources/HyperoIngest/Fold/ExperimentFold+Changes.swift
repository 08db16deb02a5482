import HyperoSchema

extension ExperimentFold {
    /// Adds what the batch changes in the experiment's hash and curve.
    ///
    /// - Parameter rankings: of its battery; take up what changes in them.
    func addChanges(
        of id: ExperimentID, in keys: Keyspace, to changes: inout [IndexChange], _ rankings: inout Rankings,
        _ table: RowTable
    ) {
        var hash = HashChanges()
        hash.set.reserveCapacity(8)
        if let started, let battery {
            hash.set(ExperimentField.battery, battery.text)
            hash.set(ExperimentField.started, String(started))
        }
        if updated != before.updated { hash.set(ExperimentField.updated, String(updated)) }
        if let epochs = curve.highest, epochs != before.epochs { hash.set(ExperimentField.epochs, String(epochs)) }
        if nonfinite != before.nonfinite { hash.set(ExperimentField.nonfinite, String(nonfinite)) }
        fields.add(to: &hash)
        if let said {
            addSaid(said, of: id, to: &hash, &rankings, table)
        } else if curve.isChanged {
            addBest(of: id, to: &hash, &rankings, table)
        }

        let key = keys.experiment(id)
        if !hash.set.isEmpty { changes.append(.setFields(key: key, hash.set)) }
        // What is new in Redis has nothing to remove.
        if started == nil, !hash.removed.isEmpty { changes.append(.removeFields(key: key, hash.removed)) }
        if curve.isChanged {
            changes.append(.setRows(key: keys.curve(of: id), curve.changes.map { IndexChange.Row($0.epoch, $0.row) }))
        }
    }

    /// What is known of the experiment after the batch.
    func after(_ table: RowTable) -> ExperimentState {
        var after = before
        after.battery = battery
        after.updated = updated
        after.epochs = curve.highest
        after.nonfinite = nonfinite
        guard curve.isChanged else {
            if said != nil { after.maxima = .user }
            return after
        }
        if let epochs = curve.highest, let row = curve.row(at: epochs) {
            after.last = ExperimentState.KnownRow(epoch: epochs, row: table.kept(row))
        }
        if said != nil {
            after.maxima = .user
        } else if let best, let last = after.last, best.epoch == last.epoch {
            after.maxima = .curve(epoch: best.epoch, row: last.row)
        } else if let best {
            after.maxima = .curve(epoch: best.epoch, row: curve.row(at: best.epoch).map { table.kept($0) })
        } else {
            after.maxima = .none
        }
        return after
    }

    private func addSaid(
        _ said: CurveRow, of id: ExperimentID, to hash: inout HashChanges, _ rankings: inout Rankings,
        _ table: RowTable
    ) {
        if before.maxima != .user {
            removeMaximaBefore(of: id, from: &hash, &rankings, table) { said[$0] == nil }
            hash.set(ExperimentField.maxSource, MaximaSource.user.rawValue)
            if before.maxima != .none, saidEpoch == nil { hash.removed.append(ExperimentField.maxEpoch) }
        }
        if let saidEpoch { hash.set(ExperimentField.maxEpoch, String(saidEpoch)) }
        for cell in said.cells {
            hash.set(Prefix.max + cell.channel, cell.number.text)
            rankings.set(id, cell)
        }
    }

    private func addBest(
        of id: ExperimentID, to hash: inout HashChanges, _ rankings: inout Rankings, _ table: RowTable
    ) {
        let row = best.flatMap { curve.row(at: $0.epoch) } ?? RowTable.empty
        if row.shape != maximaBefore.shape {
            removeMaximaBefore(of: id, from: &hash, &rankings, table) { table.number(of: $0, in: row) == nil }
        }
        guard let best else {
            guard before.maxima != .none else { return }
            hash.removed.append(ExperimentField.maxEpoch)
            hash.removed.append(ExperimentField.maxSource)
            return
        }
        for (channel, number) in zip(table.channels(of: row), table.numbers(of: row)) {
            let old = table.number(of: channel, in: maximaBefore)
            guard isRequeued || old != number else { continue }
            hash.set(Prefix.max + channel, number.text)
            if number.isFinite || old != nil { rankings.set(id, CurveRow.Cell(channel, number)) }
        }
        guard case .curve(let epoch, _) = before.maxima else {
            hash.set(ExperimentField.maxEpoch, String(best.epoch))
            hash.set(ExperimentField.maxSource, MaximaSource.curve.rawValue)
            return
        }
        if epoch != best.epoch { hash.set(ExperimentField.maxEpoch, String(best.epoch)) }
    }

    /// Removes the maxima of before whose channels the new ones do not have.
    private func removeMaximaBefore(
        of id: ExperimentID, from hash: inout HashChanges, _ rankings: inout Rankings, _ table: RowTable,
        where isGone: (_ channel: String) -> Bool
    ) {
        for channel in table.channels(of: maximaBefore) where isGone(channel) {
            hash.removed.append(Prefix.max + channel)
            rankings.remove(id, from: channel)
        }
    }
}
