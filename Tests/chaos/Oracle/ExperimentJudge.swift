import HyperoSchema
import TestSupport

/// A comparison of the indexes of one experiment with its calls, event by event, without a model of the ingest.
///
/// - Every row contains a nan in the channel `tick`, and the experiment's hash has the number of nans applied. This
///   number reveals a row that was applied twice or lost, even if a later row has replaced all its cells.
/// - A missing cell or name is a lost event.
/// - A cell or name that was written several times must have the last value. An earlier value reveals a loss or a wrong
///   order.
/// - A row that a later attempt has withdrawn must be missing. Its tick is counted if it was applied before the start of
///   that attempt.
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

    /// True if the indexes have the experiment.
    var exists: Bool { !fields.isEmpty }

    var isRunning: Bool { fields[ExperimentField.status] == ExperimentStatus.running.rawValue }

    /// The number of values that the ingest has counted as nan.
    var nonfinite: Int { fields[ExperimentField.nonfinite].flatMap { Int($0) } ?? 0 }

    /// Returns whether the indexes contain the values of an indeterminate call.
    func hasTrace(of body: Event.Body) -> Bool {
        switch body {
        case .start(let start) where start.attempt != nil:
            fields[ExperimentField.attempt] == start.attempt.map { "\($0)" }
                && fields[ExperimentField.pid] == start.pid && fields[ExperimentField.seed] == start.seed
        case .battery, .start: !fields.isEmpty
        case .param(let entries, _): entries.allSatisfy { fields[Prefix.param + $0.name] == $0.value }
        case .meta(let entries): entries.allSatisfy { fields[Prefix.meta + $0.name] == $0.value }
        case .epoch(let epoch, let cells): cells.allSatisfy { rows[epoch]?[$0.channel]?.text == $0.number.text }
        case .curve(let first, let series):
            series.allSatisfy { rows[first]?[$0.channel]?.text == $0.numbers.first?.text }
        case .maxima(_, let cells): cells.allSatisfy { fields[Prefix.max + $0.channel] == $0.number.text }
        case .end(let status, _, _): fields[ExperimentField.status] == status.rawValue
        case .alive, .search, .claim, .enqueue: true
        }
    }

    /// Adds the differences of this experiment to a verdict.
    ///
    /// - Parameters:
    ///   - expected: the values of the calls that have an effect.
    ///   - verdict: receives the differences.
    func judge(_ expected: ExpectedValues, verdict: inout Verdict) {
        guard exists else {
            if expected.callCount > 0 { verdict.lost.add("\(id.text): all", count: expected.callCount) }
            return
        }
        var missingTicks = expected.ticks - nonfinite
        let duplicates = -missingTicks - expected.withdrawnTicks
        if duplicates > 0 {
            verdict.duplicated.add("\(id.text): \(duplicates) of \(expected.ticks) rows", count: duplicates)
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
            if expected.withdrawn[cell]?.contains(found) == true {
                verdict.withdrawn.add("\(name) is \(found), of an earlier attempt")
            } else if !values.contains(found) {
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

    /// Returns whether the experiment has the process of a start.
    func hasProcess(of start: Event.Start) -> Bool {
        fields[ExperimentField.pid] == start.pid && fields[ExperimentField.seed] == start.seed
    }

    /// Adds the cells and names in the indexes whose values no call wrote.
    func addUnlogged(to verdict: inout Verdict, expected: ExpectedValues) {
        for (epoch, row) in rows {
            for found in row.cells {
                let cell = ExpectedValues.Cell(epoch: epoch, channel: found.channel)
                if expected.cells[cell]?.contains(found.number.text) == true { continue }
                verdict.phantom.add("\(id.text): \(cell.channel) of epoch \(epoch) is \(found.number.text)")
            }
        }
        for (field, value) in fields where field.hasPrefix(Prefix.param) || field.hasPrefix(Prefix.meta) {
            if expected.names[field]?.contains(value) == true { continue }
            verdict.phantom.add("\(id.text): \(field) is \(value)")
        }
    }

    /// Adds the cells and names in the indexes that no call wrote.
    private func addPhantoms(to verdict: inout Verdict, expected: ExpectedValues) {
        for (epoch, row) in rows {
            for found in row.cells {
                let cell = ExpectedValues.Cell(epoch: epoch, channel: found.channel)
                guard expected.cells[cell] == nil else { continue }
                let name = "\(id.text): \(cell.channel) of epoch \(epoch)"
                if expected.withdrawn[cell] == nil { verdict.phantom.add(name) } else { verdict.withdrawn.add(name) }
            }
        }
        for field in fields.keys where field.hasPrefix(Prefix.param) || field.hasPrefix(Prefix.meta) {
            if expected.names[field] == nil { verdict.phantom.add("\(id.text): \(field)") }
        }
    }
}
