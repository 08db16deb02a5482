import HyperoSchema

// The rows of learning curves and the maxima.

extension Fold {
    /// Sets maxima that the user states, unless a process that has resumed the experiment has withdrawn their epoch.
    mutating func state(_ cells: [CurveRow.Cell], epoch: Int?, of target: Target) {
        let index = target.experiment
        if let epoch,
            experiments[index].isWithdrawn(epoch: epoch, of: id(of: target), at: target.time, by: producer(of: target))
        {
            return
        }
        let hasOtherRow = experiments[index].state(cells, epoch: epoch)
        for cell in cells { batteries[target.battery].addColumn(Prefix.max + cell.channel, at: target.time) }
        if hasOtherRow { addMaximaColumns(of: target) }
    }

    mutating func merge(
        _ row: RowTable.Row, at epoch: Int, into target: Target, objective: BatteryState.Objective
    ) {
        guard
            !experiments[target.experiment].isWithdrawn(
                epoch: epoch, of: id(of: target), at: target.time, by: producer(of: target))
        else { return }
        if hasSearches {
            recordFirstRow(of: target.subject, in: target.battery, epoch: epoch, fold: target.experiment)
        }
        let best = hasSearches ? experiments[target.experiment].best?.value : nil
        batteries[target.battery].addColumns(
            ofRowWithShape: row.shape, channels: result.rows.channels(of: row), at: target.time)
        let new = experiments[target.experiment].merge(row, at: epoch, objective: objective, in: &result.rows)
        switch (new, experiments[target.experiment].isRequeued) {
        case (.none, false): break
        case (.merged, false): addMaximaColumns(result.rows.channels(of: row), of: target)
        case (.all, _), (_, true): addMaximaColumns(of: target)
        }
        if hasSearches { judge(row, at: epoch, best: best, of: target, objective: objective) }
    }

    /// Adds the channels of the row of the maxima to the columns.
    mutating func addMaximaColumns(of target: Target) {
        addMaximaColumns(experiments[target.experiment].maxima.channels(in: result.rows), of: target)
    }

    private mutating func addMaximaColumns(_ channels: [String], of target: Target) {
        WorkCounter.count(channels.count)
        for channel in channels { batteries[target.battery].addColumn(Prefix.max + channel, at: target.time) }
    }
}
