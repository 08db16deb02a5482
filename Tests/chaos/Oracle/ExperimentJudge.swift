import HyperoSchema
import TestSupport

/// Compares what the indexes hold of one experiment with what was logged, event by event.
///
/// Every row carries a nan, and the ingest counts those, so that a row applied twice shows. Names and cells that are
/// written several times show the order, and a cell that is not there a loss.
struct ExperimentJudge {
    private let history: History
    private let fields: [String: String]
    private let rows: [Int: CurveRow]

    init(_ history: History, in content: PartitionContent, _ keyspace: Keyspace) {
        self.history = history
        if case .hash(let fields)? = content.keys[keyspace.experiment(history.id)] {
            self.fields = fields
        } else {
            fields = [:]
        }
        if case .hash(let curve)? = content.keys[keyspace.curve(of: history.id)] {
            rows = Dictionary(
                uniqueKeysWithValues: curve.compactMap { epoch, text in
                    Int(epoch).flatMap { epoch in CurveRow(text: text).map { (epoch, $0) } }
                })
        } else {
            rows = [:]
        }
    }

    /// Whether a call of which it is not known that it was made has left its trace.
    func isTraced(_ body: Event.Body) -> Bool {
        switch body {
        case .battery, .start: !fields.isEmpty
        case .param(let entries): entries.allSatisfy { fields[Prefix.param + $0.name] == $0.value }
        case .meta(let entries): entries.allSatisfy { fields[Prefix.meta + $0.name] == $0.value }
        case .epoch(let epoch, let cells): cells.allSatisfy { rows[epoch]?[$0.channel]?.text == $0.number.text }
        case .curve(let first, let series):
            series.allSatisfy { rows[first]?[$0.channel]?.text == $0.numbers.first?.text }
        case .maxima(_, let cells): cells.allSatisfy { fields[Prefix.max + $0.channel] == $0.number.text }
        case .end(let status, _): fields[ExperimentField.status] == status.rawValue
        }
    }

    /// Adds what is wrong.
    ///
    /// - Parameter calls: those that were made.
    func judge(_ calls: [Event.Body], _ verdict: inout Verdict) {
        guard !fields.isEmpty else {
            if !calls.isEmpty { verdict.lost.add("\(history.id.text): all", count: calls.count) }
            return
        }
        let expected = Expected(calls)
        var missingTicks = expected.ticks - (fields[ExperimentField.nonfinite].flatMap { Int($0) } ?? 0)
        if missingTicks < 0 {
            verdict.duplicated.add(
                "\(history.id.text): \(-missingTicks) of \(expected.ticks) rows", count: -missingTicks)
        }
        for (cell, values) in expected.cells {
            let name = "\(history.id.text): \(cell.channel) of epoch \(cell.epoch)"
            guard let found = rows[cell.epoch]?[cell.channel]?.text else {
                // The ticks of a row are lost with it, and one event is one loss.
                if cell.channel != "tick" {
                    verdict.lost.add(name)
                    if cell.channel == "valid" { missingTicks -= values.count }
                }
                continue
            }
            guard found != values.last else { continue }
            if !values.contains(found) {
                verdict.phantom.add("\(name) is \(found), which was never logged")
            } else if missingTicks > 0 {
                missingTicks -= 1
                verdict.lost.add("\(name) is \(found), and the later \(values.last ?? "") never came")
            } else {
                verdict.misordered.add("\(name) ends at \(found) instead of \(values.last ?? "")")
            }
        }
        if missingTicks > 0 {
            verdict.lost.add("\(history.id.text): rows that were replaced later", count: missingTicks)
        }
        for (field, values) in expected.names {
            guard let found = fields[field] else {
                verdict.lost.add("\(history.id.text): \(field)")
                continue
            }
            guard found != values.last else { continue }
            if values.contains(found) {
                verdict.misordered.add("\(history.id.text): \(field) ends at \(found) instead of \(values.last ?? "")")
            } else {
                verdict.phantom.add("\(history.id.text): \(field) is \(found), which was never logged")
            }
        }
        judgePhantoms(expected, &verdict)
    }

    private func judgePhantoms(_ expected: Expected, _ verdict: inout Verdict) {
        for (epoch, row) in rows {
            for cell in row.cells where expected.cells[Expected.Cell(epoch: epoch, channel: cell.channel)] == nil {
                verdict.phantom.add("\(history.id.text): \(cell.channel) of epoch \(epoch)")
            }
        }
        for field in fields.keys where field.hasPrefix(Prefix.param) || field.hasPrefix(Prefix.meta) {
            if expected.names[field] == nil { verdict.phantom.add("\(history.id.text): \(field)") }
        }
    }
}

/// What the calls have written: each cell and name with all its values, in order.
private struct Expected {
    struct Cell: Hashable {
        var epoch: Int
        var channel: String
    }

    var cells: [Cell: [String]] = [:]
    var names: [String: [String]] = [:]
    /// Values that are not finite.
    var ticks = 0

    init(_ calls: [Event.Body]) {
        for call in calls {
            switch call {
            case .param(let entries):
                for entry in entries { names[Prefix.param + entry.name, default: []].append(entry.value) }
            case .meta(let entries):
                for entry in entries { names[Prefix.meta + entry.name, default: []].append(entry.value) }
            case .epoch(let epoch, let row):
                for cell in row { add(cell.number, epoch, cell.channel) }
            case .curve(let first, let series):
                for series in series {
                    for (offset, number) in series.numbers.enumerated() { add(number, first + offset, series.channel) }
                }
            case .battery, .start, .maxima, .end: continue
            }
        }
    }

    private mutating func add(_ number: Number, _ epoch: Int, _ channel: String) {
        cells[Cell(epoch: epoch, channel: channel), default: []].append(number.text)
        if !number.isFinite { ticks += 1 }
    }
}
