import HyperoSchema

/// The events that cannot be applied, because rows were removed from the learning curves (``ThinnedCurve``).
///
/// They become dead letters. Applied, they would make another row the best one, although a row that was removed may be better.
extension Fold {
    /// Returns the reason why an event cannot be applied to a thinned curve; nil if it can.
    mutating func thinningViolation(of item: DecodedBatch.Item) -> String? {
        let subject = item.subjects.experiment
        guard hasThinned, subject >= 0, prior.experiments[subject]?.isThinned == true,
            let objective = batteries[item.subjects.battery].objective
        else { return nil }
        let index = foldIndex(of: item.subjects, objective: objective)
        let id = batch.experiments[subject]
        let producer = item.subjects.producer < 0 ? nil : batch.producers[item.subjects.producer]
        func violation(of row: RowTable.Row, at epoch: Int) -> String? {
            // The rows of a process that another one has succeeded are ignored.
            experiments[index].isWithdrawn(epoch: epoch, of: id, at: item.time, by: producer)
                ? nil : experiments[index].thinningViolation(of: row, at: epoch, objective: objective, in: result.rows)
        }
        switch item.content {
        case .row(let epoch, let row): return violation(of: row, at: epoch)
        case .event(let event):
            switch batch.events[event].body {
            case .epoch(let epoch, let cells): return violation(of: result.rows.add(cells), at: epoch)
            case .curve(let first, let series):
                var found: String?
                series.forEachRow { offset, cells in
                    found = found ?? violation(of: result.rows.add(cells), at: first + offset)
                }
                return found
            case .maxima(let epoch?, _):
                return experiments[index].isWithdrawn(epoch: epoch, of: id, at: item.time, by: producer)
                    ? nil : experiments[index].removedRowViolation(at: epoch)
            case .start(let start):
                return experiments[index].thinningViolation(of: start, of: id, at: item.time, by: producer)
            default: return nil
            }
        case .rejected, .alive: return nil
        }
    }
}

extension ExperimentFold {
    /// Returns the reason why the row of an epoch cannot be changed or be that of the maxima; nil if it can. The row of the epoch
    /// must be loaded.
    func removedRowViolation(at epoch: Int) -> String? {
        guard let thinned, epoch <= thinned.through, (curve.row(at: epoch) ?? RowTable.empty) == RowTable.empty else {
            return nil
        }
        return "thinned curve: the row of epoch \(epoch) was removed, or had no values when the rows up to epoch "
            + "\(thinned.through) were thinned"
    }

    /// Returns the reason why a row cannot be merged into a thinned curve; nil if it can.
    fileprivate func thinningViolation(
        of row: RowTable.Row, at epoch: Int, objective: BatteryState.Objective, in table: RowTable
    ) -> String? {
        if let violation = removedRowViolation(at: epoch) { return violation }
        guard let thinned, epoch <= thinned.through, let number = table.number(of: objective.channel, in: row),
            let old = curve.row(at: epoch).flatMap({ Self.entry(at: epoch, row: $0, objective: objective, in: table) }),
            !number.isFinite || objective.direction.prefers(old.value, over: number.value)
        else { return nil }
        return
            "thinned curve: \(printable(objective.channel)) of epoch \(epoch) cannot get worse, because better rows up to "
            + "epoch \(thinned.through) may have been removed"
    }

    /// Returns the reason why rows of a thinned curve cannot be withdrawn; nil if they can, or if the event withdraws none.
    fileprivate func thinningViolation(
        of start: Event.Start, of id: ExperimentID, at time: Int64, by producer: ProducerID?
    ) -> String? {
        guard let thinned, let from = start.from, let best = thinned.best, from <= min(best, thinned.through) else {
            return nil
        }
        var (lifecycle, fields) = (lifecycle, FieldChanges())
        guard lifecycle.start(start, of: id, at: time, by: producer, isLatest: nil, fields: &fields) else { return nil }
        return
            "thinned curve: it cannot be resumed from epoch \(from), because its best epoch \(best) would be withdrawn and "
            + "the next best may have been removed"
    }
}
