import HyperoSchema
import TestSupport

/// A comparison of the indexes of one experiment with its calls, event by event, without a model of the ingest.
///
/// - Every row contains a nan in the channel `tick`, and the experiment's hash has the number of nans applied. This
///   number reveals a row that was applied twice or lost, even if a later row has replaced all its cells.
/// - A missing cell or name is a lost event.
/// - A cell or name that was written several times must have the last value. An earlier value reveals a loss or a wrong
///   order.
struct ExperimentJudge {
    private let id: ExperimentID
    private let fields: [String: String]
    private let rows: [Int: CurveRow]

    init(_ id: ExperimentID, in content: PartitionContent, keyspace: Keyspace) {
        self.id = id
        if case .hash(let fields)? = content.keys[keyspace.experiment(id)] {
            self.fields = fields
        } else {
            fields = [:]
        }
        if case .hash(let curve)? = content.keys[keyspace.curve(of: id)] {
            rows = Dictionary(
                uniqueKeysWithValues: curve.compactMap { epoch, text in
                    Int(epoch).flatMap { epoch in CurveRow(text: text).map { (epoch, $0) } }
                })
        } else {
            rows = [:]
        }
    }

    /// Returns whether the indexes contain the values of an indeterminate call.
    func hasTrace(of body: Event.Body) -> Bool {
        switch body {
        case .battery, .start: !fields.isEmpty
        case .param(let entries, _): entries.allSatisfy { fields[Prefix.param + $0.name] == $0.value }
        case .meta(let entries): entries.allSatisfy { fields[Prefix.meta + $0.name] == $0.value }
        case .epoch(let epoch, let cells): cells.allSatisfy { rows[epoch]?[$0.channel]?.text == $0.number.text }
        case .curve(let first, let series):
            series.allSatisfy { rows[first]?[$0.channel]?.text == $0.numbers.first?.text }
        case .maxima(_, let cells): cells.allSatisfy { fields[Prefix.max + $0.channel] == $0.number.text }
        case .end(let status, _): fields[ExperimentField.status] == status.rawValue
        case .alive: true
        }
    }

    /// Adds the differences of this experiment to a verdict.
    ///
    /// - Parameters:
    ///   - calls: the calls that have an effect, in order.
    ///   - verdict: receives the differences.
    func judge(_ calls: [Event.Body], verdict: inout Verdict) {
        guard !fields.isEmpty else {
            if !calls.isEmpty { verdict.lost.add("\(id.text): all", count: calls.count) }
            return
        }
        let expected = Expected(calls)
        var missingTicks = expected.ticks - (fields[ExperimentField.nonfinite].flatMap { Int($0) } ?? 0)
        if missingTicks < 0 {
            verdict.duplicated.add(
                "\(id.text): \(-missingTicks) of \(expected.ticks) rows", count: -missingTicks)
        }
        for (cell, values) in expected.cells {
            let name = "\(id.text): \(cell.channel) of epoch \(cell.epoch)"
            guard let found = rows[cell.epoch]?[cell.channel]?.text else {
                // A lost row has lost its tick too. Each lost event is counted once.
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
                verdict.lost.add("\(name) is \(found), and the later value \(values.last ?? "") is missing")
            } else {
                verdict.misordered.add("\(name) is \(found) instead of the last value \(values.last ?? "")")
            }
        }
        if missingTicks > 0 {
            verdict.lost.add("\(id.text): rows whose cells later rows replaced", count: missingTicks)
        }
        for (field, values) in expected.names {
            guard let found = fields[field] else {
                verdict.lost.add("\(id.text): \(field)")
                continue
            }
            guard found != values.last else { continue }
            if values.contains(found) {
                verdict.misordered.add(
                    "\(id.text): \(field) is \(found) instead of the last value \(values.last ?? "")")
            } else {
                verdict.phantom.add("\(id.text): \(field) is \(found), which was never logged")
            }
        }
        addPhantoms(to: &verdict, expected: expected)
    }

    /// Adds the cells and names in the indexes that no call wrote.
    private func addPhantoms(to verdict: inout Verdict, expected: Expected) {
        for (epoch, row) in rows {
            for cell in row.cells where expected.cells[Expected.Cell(epoch: epoch, channel: cell.channel)] == nil {
                verdict.phantom.add("\(id.text): \(cell.channel) of epoch \(epoch)")
            }
        }
        for field in fields.keys where field.hasPrefix(Prefix.param) || field.hasPrefix(Prefix.meta) {
            if expected.names[field] == nil { verdict.phantom.add("\(id.text): \(field)") }
        }
    }
}

/// The cells and names that calls have written, each with all its values in order.
private struct Expected {
    struct Cell: Hashable {
        var epoch: Int
        var channel: String
    }

    var cells: [Cell: [String]] = [:]
    var names: [String: [String]] = [:]
    /// The number of values that are not finite: one tick per row.
    var ticks = 0

    init(_ calls: [Event.Body]) {
        for call in calls {
            switch call {
            case .param(let entries, _):
                for entry in entries { names[Prefix.param + entry.name, default: []].append(entry.value) }
            case .meta(let entries):
                for entry in entries { names[Prefix.meta + entry.name, default: []].append(entry.value) }
            case .epoch(let epoch, let row):
                for cell in row { add(cell.number, epoch: epoch, channel: cell.channel) }
            case .curve(let first, let series):
                for series in series {
                    for (offset, number) in series.numbers.enumerated() {
                        add(number, epoch: first + offset, channel: series.channel)
                    }
                }
            case .battery, .start, .maxima, .end, .alive: continue
            }
        }
    }

    private mutating func add(_ number: Number, epoch: Int, channel: String) {
        cells[Cell(epoch: epoch, channel: channel), default: []].append(number.text)
        if !number.isFinite { ticks += 1 }
    }
}
