import HyperoSchema

extension ExperimentFold {
    /// Adds the batch's changes of the experiment's hash and curve.
    ///
    /// - Parameter rankings: the rankings of the experiment's battery, to which the changes of ranks are added.
    func addChanges(
        of id: ExperimentID, in keyspace: Keyspace, to changes: inout [IndexChange], rankings: inout Rankings,
        table: RowTable
    ) {
        var hash = HashChanges()
        hash.set.reserveCapacity(8)
        if let started, let battery {
            hash.set(ExperimentField.battery, to: battery.text)
            hash.set(ExperimentField.started, to: String(started))
        }
        if updated != prior.updated { hash.set(ExperimentField.updated, to: String(updated)) }
        if let epochs = curve.highestEpoch, epochs != prior.highestEpoch {
            hash.set(ExperimentField.epochs, to: String(epochs))
        }
        if nonfinite != prior.nonfinite { hash.set(ExperimentField.nonfinite, to: String(nonfinite)) }
        fields.add(to: &hash)
        if let userMaxima {
            addUserMaxima(userMaxima, of: id, to: &hash, rankings: &rankings, table: table)
        } else if curve.isChanged {
            addCurveMaxima(of: id, to: &hash, rankings: &rankings, table: table)
        }

        let key = keyspace.experiment(id)
        if !hash.set.isEmpty { changes.append(.setFields(key: key, hash.set)) }
        // A hash that is new in Redis has no fields to remove.
        if started == nil, !hash.removed.isEmpty { changes.append(.removeFields(key: key, hash.removed)) }
        if curve.isChanged {
            let rows = curve.changes.map { IndexChange.Row(epoch: $0.epoch, row: $0.row) }
            changes.append(.setRows(key: keyspace.curve(of: id), rows))
        }
    }

    /// Returns the state of the experiment after the batch.
    func posterior(in table: RowTable) -> ExperimentState {
        var posterior = prior
        posterior.battery = battery
        posterior.updated = updated
        posterior.highestEpoch = curve.highestEpoch
        posterior.nonfinite = nonfinite
        guard curve.isChanged else {
            if userMaxima != nil { posterior.maxima = .user }
            return posterior
        }
        if let epoch = curve.highestEpoch, let row = curve.row(at: epoch) {
            posterior.lastRow = ExperimentState.KnownRow(epoch: epoch, row: table.kept(row))
        }
        if userMaxima != nil {
            posterior.maxima = .user
        } else if let best, let last = posterior.lastRow, best.epoch == last.epoch {
            posterior.maxima = .curve(epoch: best.epoch, row: last.row)
        } else if let best {
            posterior.maxima = .curve(epoch: best.epoch, row: curve.row(at: best.epoch).map { table.kept($0) })
        } else {
            posterior.maxima = .none
        }
        return posterior
    }

    /// The objectives of the whole curve after the batch; nil if they are not known or not needed.
    var posteriorObjectives: CurveObjectives? { userMaxima == nil ? objectives : nil }

    private func addUserMaxima(
        _ maxima: UserMaxima, of id: ExperimentID, to hash: inout HashChanges, rankings: inout Rankings, table: RowTable
    ) {
        let cells = maxima.cells
        if prior.maxima != .user {
            let stated = Set(cells.map { ExactText($0.channel) })
            removePriorMaxima(of: id, from: &hash, rankings: &rankings, table: table) {
                !stated.contains(ExactText($0))
            }
            hash.set(ExperimentField.maxSource, to: MaximaSource.user.rawValue)
            if prior.maxima != .none, userMaximaEpoch == nil { hash.removed.append(ExperimentField.maxEpoch) }
        }
        if let userMaximaEpoch { hash.set(ExperimentField.maxEpoch, to: String(userMaximaEpoch)) }
        WorkCounter.count(cells.count)
        for cell in cells {
            hash.set(Prefix.max + cell.channel, to: cell.number.text)
            rankings.set(cell, of: id)
        }
    }

    private func addCurveMaxima(
        of id: ExperimentID, to hash: inout HashChanges, rankings: inout Rankings, table: RowTable
    ) {
        let row = best.flatMap { curve.row(at: $0.epoch) } ?? RowTable.empty
        if row.shape != priorMaxima.shape {
            removePriorMaxima(of: id, from: &hash, rankings: &rankings, table: table) {
                table.number(of: $0, in: row) == nil
            }
        }
        guard let best else {
            guard prior.maxima != .none else { return }
            hash.removed.append(ExperimentField.maxEpoch)
            hash.removed.append(ExperimentField.maxSource)
            return
        }
        for (channel, number) in zip(table.channels(of: row), table.numbers(of: row)) {
            WorkCounter.count(1)
            let old = table.number(of: channel, in: priorMaxima)
            guard isRequeued || old != number else { continue }
            hash.set(Prefix.max + channel, to: number.text)
            if number.isFinite || old != nil { rankings.set(CurveRow.Cell(channel, number), of: id) }
        }
        guard case .curve(let epoch, _) = prior.maxima else {
            hash.set(ExperimentField.maxEpoch, to: String(best.epoch))
            hash.set(ExperimentField.maxSource, to: MaximaSource.curve.rawValue)
            return
        }
        if epoch != best.epoch { hash.set(ExperimentField.maxEpoch, to: String(best.epoch)) }
    }

    /// Removes the prior maxima of the channels that the new maxima lack.
    private func removePriorMaxima(
        of id: ExperimentID, from hash: inout HashChanges, rankings: inout Rankings, table: RowTable,
        where isMissing: (_ channel: String) -> Bool
    ) {
        for channel in table.channels(of: priorMaxima) where isMissing(channel) {
            WorkCounter.count(1)
            hash.removed.append(Prefix.max + channel)
            rankings.remove(id, from: channel)
        }
    }
}
