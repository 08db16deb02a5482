import HyperoSchema

extension ExperimentFold {
    /// Adds the batch's changes of the experiment's hash and curve.
    ///
    /// Mutating, although it changes nothing: a call on an element of an array would else copy the element.
    ///
    /// - Parameter rankings: the rankings of the experiment's battery, to which the changes of ranks are added.
    mutating func addChanges(
        of id: ExperimentID, in keyspace: Keyspace, to changes: inout IndexChanges, rankings: inout Rankings,
        table: RowTable
    ) {
        if let started, let battery {
            changes.set(ExperimentField.battery, to: battery.text)
            // Before the first `start` or `end` event, and after one, which is among the fields.
            changes.set(ExperimentField.status, to: lifecycle.status.rawValue)
            changes.set(ExperimentField.started, to: started)
        }
        // Even if it is unchanged: the reply to HSET then shows whether the hash of an experiment that existed is gone. It is
        // the first field of such an HSET.
        if isTouched { changes.set(ExperimentField.updated, to: updated) }
        if curve.highestEpoch != prior.highestEpoch {
            if let epochs = curve.highestEpoch {
                changes.set(ExperimentField.epochs, to: Int64(epochs))
            } else {
                changes.remove(ExperimentField.epochs)
            }
        }
        if nonfinite != prior.nonfinite { changes.set(ExperimentField.nonfinite, to: Int64(nonfinite)) }
        if thinned != prior.thinned {
            if let thinned {
                changes.set(ExperimentField.thinned, to: thinned.text)
            } else {
                changes.remove(ExperimentField.thinned)
            }
        }
        fields.add(to: &changes)
        // Not if the only event was rejected because of the width of its row.
        let mayChangeMaxima = curve.isChanged || isTouched && (!prior.isListed || followsOldObjective)
        if hasStated || prior.stated != nil && mayChangeMaxima {
            addStatedMaxima(of: id, to: &changes, rankings: &rankings, table: table)
        } else if mayChangeMaxima {
            addCurveMaxima(of: id, to: &changes, rankings: &rankings, table: table)
        }

        changes.finishHash(SubjectKey(of: id, in: keyspace), isNew: started != nil)
        guard curve.isChanged else { return }
        let key = SubjectKey(ofCurve: id, in: keyspace)
        let removals = curve.removals
        if !removals.isEmpty { changes.append(.removeFields(key: key.text, removals.map { String($0) })) }
        for (epoch, row) in curve.changes { changes.append(IndexChange.Row(epoch: epoch, row: row)) }
        changes.finishCurve(key)
    }

    /// Returns the state of the experiment after the batch. Mutating for the same reason as
    /// ``addChanges(of:in:to:rankings:table:)``.
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
                thinned: thinned, stop: stop, isListed: prior.isListed || isTouched, readError: prior.readError))
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
        of id: ExperimentID, to changes: inout IndexChanges, rankings: inout Rankings, table: RowTable
    ) {
        let maxima = maxima
        let old = priorMaxima.cells(in: table)
        let new = maxima.cells(in: table)
        WorkCounter.count(old.count + new.count)
        let oldNumbers = Dictionary(old.map { (ExactText($0.channel), $0.number) }) { $1 }
        let newChannels = Set(new.map { ExactText($0.channel) })
        for cell in old where !newChannels.contains(ExactText(cell.channel)) {
            changes.remove(Prefix.max + cell.channel)
            rankings.remove(id, from: cell.channel)
        }
        for cell in new {
            let oldNumber = oldNumbers[cell.channel]
            guard isRequeued || oldNumber != cell.number else { continue }
            changes.set(Prefix.max + cell.channel, to: cell.number.text)
            if cell.number.isFinite || oldNumber != nil { rankings.set(cell, of: id) }
        }
        if hasStated, let stated {
            changes.set(ExperimentField.maxStated, to: stated.posterior.text)
        } else if hasStated {
            changes.remove(ExperimentField.maxStated)
        }
        setOrigin(of: maxima, in: table, to: &changes)
    }

    private func setOrigin(of maxima: MaximaRow, in table: RowTable, to changes: inout IndexChanges) {
        let (source, oldSource) = (maxima.source(in: table), priorMaxima.source(in: table))
        if isRequeued || source != oldSource {
            if let source {
                changes.set(ExperimentField.maxSource, to: source.rawValue)
            } else {
                changes.remove(ExperimentField.maxSource)
            }
        }
        let (epoch, oldEpoch) = (maxima.epoch(in: table), priorMaxima.epoch(in: table))
        guard epoch != oldEpoch else { return }
        if let epoch {
            changes.set(ExperimentField.maxEpoch, to: Int64(epoch))
        } else {
            changes.remove(ExperimentField.maxEpoch)
        }
    }

    /// Adds the changes of maxima that are a row of the curve.
    private func addCurveMaxima(
        of id: ExperimentID, to changes: inout IndexChanges, rankings: inout Rankings, table: RowTable
    ) {
        guard areRowsLoaded else { return }
        let row = best.flatMap { curve.row(at: $0.epoch) } ?? RowTable.empty
        let oldRow = priorMaxima.base?.row ?? RowTable.empty
        // A merge gives a row from before the batch another place in the table, so the row of the same place is unchanged.
        guard isRequeued || row != oldRow else { return }
        if row.shape != oldRow.shape {
            for channel in table.channels(of: oldRow) where table.number(of: channel, in: row) == nil {
                WorkCounter.count(1)
                changes.remove(Prefix.max + channel)
                rankings.remove(id, from: channel)
            }
        }
        // The channels of a shape have the same offsets in all its rows.
        let oldNumbers = row.shape == oldRow.shape && row.shape >= 0 ? table.numbers(of: oldRow) : nil
        for (offset, (channel, number)) in zip(table.channels(of: row), table.numbers(of: row)).enumerated() {
            WorkCounter.count(1)
            let old = oldNumbers.map { $0[$0.startIndex + offset] } ?? table.number(of: channel, in: oldRow)
            guard isRequeued || old != number else { continue }
            changes.set(Prefix.max + channel, to: number.text)
            if number.isFinite || old != nil { rankings.set(CurveRow.Cell(channel, number), of: id) }
        }
        setOrigin(of: maxima, in: table, to: &changes)
    }
}
