import HyperoSchema

extension ExperimentFold {
    /// Adds the batch's changes of the experiment's hash and curve.
    ///
    /// Mutating, although it changes nothing: a call on an element of an array would else copy the element.
    ///
    /// - Parameter rankings: the rankings of the experiment's battery, to which the changes of ranks are added.
    mutating func addChanges(
        of id: ExperimentID, to changes: inout [IndexChange], rankings: inout Rankings, table: RowTable
    ) {
        var hash = HashChanges()
        hash.set.reserveCapacity(8)
        if let started, let battery {
            hash.set(ExperimentField.battery, to: battery.text)
            // Before the first `start` or `end` event, and after one, which is among the fields.
            hash.set(ExperimentField.status, to: lifecycle.status.rawValue)
            hash.set(ExperimentField.started, to: started)
        }
        // Even if it is unchanged: the reply to HSET then shows whether the hash of an experiment that existed is gone. It is
        // the first field of such an HSET.
        if isTouched { hash.set(ExperimentField.updated, to: updated) }
        if curve.highestEpoch != prior.highestEpoch {
            if let epochs = curve.highestEpoch {
                hash.set(ExperimentField.epochs, to: Int64(epochs))
            } else {
                hash.removed.append(ExperimentField.epochs)
            }
        }
        if nonfinite != prior.nonfinite { hash.set(ExperimentField.nonfinite, to: Int64(nonfinite)) }
        fields.add(to: &hash)
        // Not if the only event was rejected because of the width of its row.
        let mayChangeMaxima = curve.isChanged || isTouched && (!prior.isListed || followsOldObjective)
        if hasStated || prior.stated != nil && mayChangeMaxima {
            addStatedMaxima(of: id, to: &hash, rankings: &rankings, table: table)
        } else if mayChangeMaxima {
            addCurveMaxima(of: id, to: &hash, rankings: &rankings, table: table)
        }

        if !hash.set.isEmpty { changes.append(.setFields(key: keys.hash, hash.set)) }
        // A hash that is new in Redis has no fields to remove.
        if started == nil, !hash.removed.isEmpty { changes.append(.removeFields(key: keys.hash, hash.removed)) }
        guard curve.isChanged else { return }
        let removals = curve.removals
        if !removals.isEmpty {
            changes.append(.removeFields(key: keys.curve, removals.map { String($0) }))
        }
        let rows = curve.changes.map { IndexChange.Row(epoch: $0.epoch, row: $0.row) }
        if !rows.isEmpty { changes.append(.setRows(key: keys.curve, rows)) }
    }

    /// Returns the state of the experiment after the batch. Mutating for the same reason as
    /// ``addChanges(of:to:rankings:table:)``.
    mutating func posterior(in table: RowTable) -> ExperimentState {
        let highest = curve.highestEpoch
        let isChanged = curve.isChanged || isTouched && followsOldObjective
        let last =
            isChanged
            ? highest.flatMap { epoch in
                curve.row(at: epoch).map { ExperimentState.KnownRow(epoch: epoch, row: table.kept($0)) }
            } : prior.lastRow
        return ExperimentState(
            ExperimentState.Content(
                battery: battery, updated: updated, started: isTouched ? nil : prior.started, status: lifecycle.status,
                since: lifecycle.since,
                attempt: lifecycle.attempt, hasProcess: lifecycle.hasProcess, producer: lifecycle.producer,
                resumptions: lifecycle.resumptions, highestEpoch: highest, nonfinite: nonfinite,
                best: isChanged ? posteriorBest(last: last, in: table) : prior.best,
                stated: hasStated ? stated?.posterior : prior.stated, lastRow: last,
                isListed: prior.isListed || isTouched, keys: keys, readError: prior.readError))
    }

    private func posteriorBest(last: ExperimentState.KnownRow?, in table: RowTable) -> ExperimentState.Best {
        guard areRowsLoaded else { return prior.best }
        guard let best else { return .none }
        if let last, best.epoch == last.epoch { return .row(epoch: best.epoch, last.row) }
        let row = curve.row(at: best.epoch)
        // The row of most experiments is the one that was kept before.
        if case .row(best.epoch, .some) = prior.best, row == priorMaxima.base?.row { return prior.best }
        return .row(epoch: best.epoch, row.map { table.kept($0) })
    }

    /// Adds the changes of maxima of which the user stated some.
    private func addStatedMaxima(
        of id: ExperimentID, to hash: inout HashChanges, rankings: inout Rankings, table: RowTable
    ) {
        let maxima = maxima
        let old = priorMaxima.cells(in: table)
        let new = maxima.cells(in: table)
        WorkCounter.count(old.count + new.count)
        let oldNumbers = Dictionary(old.map { (ExactText($0.channel), $0.number) }) { $1 }
        let newChannels = Set(new.map { ExactText($0.channel) })
        for cell in old where !newChannels.contains(ExactText(cell.channel)) {
            hash.removed.append(Prefix.max + cell.channel)
            rankings.remove(id, from: cell.channel)
        }
        for cell in new {
            let oldNumber = oldNumbers[cell.channel]
            guard isRequeued || oldNumber != cell.number else { continue }
            hash.set(Prefix.max + cell.channel, to: cell.number.text)
            if cell.number.isFinite || oldNumber != nil { rankings.set(cell, of: id) }
        }
        if hasStated, let stated {
            hash.set(ExperimentField.maxStated, to: stated.posterior.text)
        } else if hasStated {
            hash.removed.append(ExperimentField.maxStated)
        }
        setOrigin(of: maxima, in: table, to: &hash)
    }

    private func setOrigin(of maxima: MaximaRow, in table: RowTable, to hash: inout HashChanges) {
        let (source, oldSource) = (maxima.source(in: table), priorMaxima.source(in: table))
        if isRequeued || source != oldSource {
            if let source {
                hash.set(ExperimentField.maxSource, to: source.rawValue)
            } else {
                hash.removed.append(ExperimentField.maxSource)
            }
        }
        let (epoch, oldEpoch) = (maxima.epoch(in: table), priorMaxima.epoch(in: table))
        guard epoch != oldEpoch else { return }
        if let epoch {
            hash.set(ExperimentField.maxEpoch, to: Int64(epoch))
        } else {
            hash.removed.append(ExperimentField.maxEpoch)
        }
    }

    /// Adds the changes of maxima that are a row of the curve.
    private func addCurveMaxima(
        of id: ExperimentID, to hash: inout HashChanges, rankings: inout Rankings, table: RowTable
    ) {
        guard areRowsLoaded else { return }
        let row = best.flatMap { curve.row(at: $0.epoch) } ?? RowTable.empty
        let oldRow = priorMaxima.base?.row ?? RowTable.empty
        // A merge gives a row from before the batch another place in the table, so the row of the same place is unchanged.
        guard isRequeued || row != oldRow else { return }
        if row.shape != oldRow.shape {
            for channel in table.channels(of: oldRow) where table.number(of: channel, in: row) == nil {
                WorkCounter.count(1)
                hash.removed.append(Prefix.max + channel)
                rankings.remove(id, from: channel)
            }
        }
        // The channels of a shape have the same offsets in all its rows.
        let oldNumbers = row.shape == oldRow.shape && row.shape >= 0 ? table.numbers(of: oldRow) : nil
        for (offset, (channel, number)) in zip(table.channels(of: row), table.numbers(of: row)).enumerated() {
            WorkCounter.count(1)
            let old = oldNumbers.map { $0[$0.startIndex + offset] } ?? table.number(of: channel, in: oldRow)
            guard isRequeued || old != number else { continue }
            hash.set(Prefix.max + channel, to: number.text)
            if number.isFinite || old != nil { rankings.set(CurveRow.Cell(channel, number), of: id) }
        }
        setOrigin(of: maxima, in: table, to: &hash)
    }
}
