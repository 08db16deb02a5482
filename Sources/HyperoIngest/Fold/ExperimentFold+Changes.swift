import HyperoSchema

extension ExperimentFold {
    /// Adds what the batch changes in the experiment's hash and curve.
    ///
    /// - Parameter rankings: of its battery; take up what changes in them.
    func addChanges(
        of id: ExperimentID, in keys: Keyspace, to changes: inout [IndexChange], _ rankings: inout Rankings
    ) {
        var hash = HashChanges()
        hash.set.reserveCapacity(8)
        if let started, let battery {
            hash.set(ExperimentField.battery, battery.text)
            hash.set(ExperimentField.started, String(started))
        }
        if updated != before.updated { hash.set(ExperimentField.updated, String(updated)) }
        if let epochs, epochs != before.epochs { hash.set(ExperimentField.epochs, String(epochs)) }
        if nonfinite != before.nonfinite { hash.set(ExperimentField.nonfinite, String(nonfinite)) }
        fields.add(to: &hash)
        addMaxima(of: id, to: &hash, &rankings)

        let key = keys.experiment(id)
        if !hash.set.isEmpty { changes.append(.setFields(key: key, hash.set)) }
        // What is new in Redis has nothing to remove.
        if started == nil, !hash.removed.isEmpty { changes.append(.removeFields(key: key, hash.removed)) }
        if !changedEpochs.isEmpty {
            let rows = changedEpochs.map { IndexChange.Row($0, self.rows[$0]?.row ?? CurveRow()) }
            changes.append(.setRows(key: keys.curve(of: id), rows))
        }
    }

    /// What is known of the experiment after the batch.
    var after: ExperimentState {
        var after = before
        after.battery = battery
        after.updated = updated
        after.epochs = epochs
        after.nonfinite = nonfinite
        if let epochs, let row = rows[epochs]?.row { after.last = ExperimentState.KnownRow(epoch: epochs, row: row) }
        if said != nil {
            after.maxima = .user
        } else if !changedEpochs.isEmpty {
            after.maxima = best.map { .curve(epoch: $0.epoch, row: rows[$0.epoch]?.row) } ?? .none
        }
        return after
    }

    private func addMaxima(of id: ExperimentID, to hash: inout HashChanges, _ rankings: inout Rankings) {
        if let said {
            addSaid(said, of: id, to: &hash, &rankings)
        } else if !changedEpochs.isEmpty {
            addBest(of: id, to: &hash, &rankings)
        }
    }

    private func addSaid(
        _ said: CurveRow, of id: ExperimentID, to hash: inout HashChanges, _ rankings: inout Rankings
    ) {
        if before.maxima != .user {
            removeMaximaBefore(except: said, of: id, from: &hash, &rankings)
            hash.set(ExperimentField.maxSource, MaximaSource.user.rawValue)
            if before.maxima != .none, saidEpoch == nil { hash.removed.append(ExperimentField.maxEpoch) }
        }
        if let saidEpoch { hash.set(ExperimentField.maxEpoch, String(saidEpoch)) }
        for cell in said.cells {
            hash.set(Prefix.max + cell.channel, cell.number.text)
            rankings.set(id, cell)
        }
    }

    private func addBest(of id: ExperimentID, to hash: inout HashChanges, _ rankings: inout Rankings) {
        let row = best.flatMap { rows[$0.epoch]?.row } ?? CurveRow()
        removeMaximaBefore(except: row, of: id, from: &hash, &rankings)
        guard let best else {
            guard before.maxima != .none else { return }
            hash.removed.append(ExperimentField.maxEpoch)
            hash.removed.append(ExperimentField.maxSource)
            return
        }
        for cell in row.cells where isRequeued || !maximaBefore.contains(cell) {
            hash.set(Prefix.max + cell.channel, cell.number.text)
            if cell.number.isFinite || maximaBefore.contains(where: { ExactText.isSame($0.channel, cell.channel) }) {
                rankings.set(id, cell)
            }
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
        except row: CurveRow, of id: ExperimentID, from hash: inout HashChanges, _ rankings: inout Rankings
    ) {
        for cell in maximaBefore where row[cell.channel] == nil {
            hash.removed.append(Prefix.max + cell.channel)
            rankings.remove(id, from: cell.channel)
        }
    }
}
