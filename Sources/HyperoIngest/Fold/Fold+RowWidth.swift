import HyperoSchema

/// The limit on the channels of a row, and of stated maxima.
extension Fold {
    /// Returns the reason why a row or maxima cannot be applied because of the number of channels; nil if it can.
    mutating func widthViolation(of item: DecodedBatch.Item) -> String? {
        switch item.content {
        case .row(let epoch, let row):
            return widthViolation(of: row, at: epoch, subjects: item.subjects)
        case .event(let index):
            switch batch.events[index].body {
            case .epoch(let epoch, let cells):
                return widthViolation(of: result.rows.add(cells), at: epoch, subjects: item.subjects)
            case .curve(let first, let series):
                var violation: String?
                series.forEachRow { offset, cells in
                    guard violation == nil else { return }
                    violation = widthViolation(of: result.rows.add(cells), at: first + offset, subjects: item.subjects)
                }
                return violation
            case .maxima(_, let cells): return widthViolation(ofMaxima: cells, subjects: item.subjects)
            default: return nil
            }
        case .rejected, .alive: return nil
        }
    }

    private mutating func widthViolation(
        of row: RowTable.Row, at epoch: Int, subjects: DecodedBatch.Subjects
    ) -> String? {
        guard let objective = batteries[subjects.battery].objective else { return nil }
        let index = foldIndex(of: subjects, objective: objective)
        // Nearly all rows are narrow.
        guard result.rows.count(of: row) + experiments[index].widestRow > Limits.channels else { return nil }
        experiments[index].loadRows(objective: objective, in: &result.rows)
        let count = experiments[index].channelCount(afterMerging: row, at: epoch, in: result.rows)
        guard count > Limits.channels else { return nil }
        return "the row of epoch \(epoch) would have \(count) channels: at most \(Limits.channels) are allowed"
    }

    private mutating func widthViolation(
        ofMaxima cells: [CurveRow.Cell], subjects: DecodedBatch.Subjects
    ) -> String? {
        guard let objective = batteries[subjects.battery].objective else { return nil }
        let count = experiments[foldIndex(of: subjects, objective: objective)].statedCount(afterStating: cells)
        guard count > Limits.channels else { return nil }
        return "the stated maxima would have \(count) channels: at most \(Limits.channels) are allowed"
    }
}
