@testable import HyperoIngest
import HyperoSchema

/// Redis as far as the fold sees it: takes changes, and gives what a fold needs.
struct IndexStore: Equatable {
    var hashes: [String: [String: String]] = [:]
    var sets: [String: [String: Double]] = [:]
    var deadLetters: [String] = []

    let keys: Keyspace
    /// Ids that ``add(_:)`` gives.
    private var nextID: UInt64 = 1

    init() {
        do {
            keys = try Keyspace.all()[0]
        } catch {
            fatalError(error.description)
        }
    }

    static func == (left: Self, right: Self) -> Bool {
        left.hashes == right.hashes && left.sets == right.sets && left.deadLetters == right.deadLetters
    }

    /// Folds the events as one batch and applies what comes out.
    ///
    /// - Returns: the changes, for those who count them.
    @discardableResult
    mutating func add(_ events: [Event]) -> [IndexChange] {
        var batch = DecodedBatch()
        for event in events {
            batch.append(StreamID(milliseconds: 1_000 + nextID, sequence: 0), .success(event))
            nextID += 1
        }
        return add(batch)
    }

    @discardableResult
    mutating func add(_ batch: DecodedBatch) -> [IndexChange] {
        var known = PriorState(
            producers: batch.producers.map { _ in nil }, batteries: batch.batteries.map { _ in nil },
            experiments: batch.experiments.map { _ in nil })
        while true {
            switch Fold.fold(batch, onto: known, in: keys) {
            case .needs(let needs): answer(needs, of: batch, &known)
            case .folded(let folded):
                for change in folded.changes { apply(change, folded.rows) }
                deadLetters += folded.deadLetters.map(\.reason)
                return folded.changes
            }
        }
    }

    private func answer(_ needs: MissingState, of batch: DecodedBatch, _ known: inout PriorState) {
        for place in needs.producers {
            let hash = hashes[keys.producer(batch.producers[place])] ?? [:]
            known.producers[place] = Watermark(
                seq: hash[ProducerField.seq], time: hash[ProducerField.time], missing: hash[ProducerField.missing])
        }
        for place in needs.batteries {
            let hash = hashes[keys.battery(batch.batteries[place])] ?? [:]
            known.batteries[place] = BatteryState(
                objective: hash[BatteryField.objective], direction: hash[BatteryField.direction],
                updated: hash[BatteryField.updated])
        }
        for place in needs.experiments {
            let hash = hashes[keys.experiment(batch.experiments[place])] ?? [:]
            known.experiments[place] = ExperimentState(
                battery: hash[ExperimentField.battery], updated: hash[ExperimentField.updated],
                epochs: hash[ExperimentField.epochs], nonfinite: hash[ExperimentField.nonfinite],
                maxEpoch: hash[ExperimentField.maxEpoch], maxSource: hash[ExperimentField.maxSource])
        }
        for (place, epochs) in needs.rows {
            let hash = hashes[keys.curve(of: batch.experiments[place])] ?? [:]
            for epoch in epochs {
                known.rows[place, default: [:]][epoch] =
                    hash[String(epoch)].flatMap { CurveRow(text: $0) } ?? CurveRow()
            }
        }
        for place in needs.wholeCurves {
            known.wholeCurves.insert(place)
            for (epoch, text) in hashes[keys.curve(of: batch.experiments[place])] ?? [:] {
                known.rows[place, default: [:]][Int(epoch)!] = CurveRow(text: text)
            }
        }
    }

    private mutating func apply(_ change: IndexChange, _ table: RowTable) {
        switch change {
        case .setFields(let key, let fields):
            for field in fields { hashes[key, default: [:]][field.name] = field.value }
        case .setRows(let key, let rows):
            for row in rows { hashes[key, default: [:]][String(row.epoch)] = CurveRow(table.cells(of: row.row)).text }
        case .removeFields(let key, let names):
            for name in names { hashes[key]?[name] = nil }
        case .increment(let key, let field, let amount):
            let before = Int(hashes[key]?[field] ?? "0")!
            // Whether a count that is zero is there or not depends on the batches, and means the same.
            hashes[key, default: [:]][field] = before + amount == 0 ? nil : String(before + amount)
        case .addScores(let key, let scored, let onlyNew):
            for scored in scored where !onlyNew || sets[key]?[scored.member] == nil {
                sets[key, default: [:]][scored.member] = Double(scored.score)!
            }
        case .removeMembers(let key, let members):
            for member in members { sets[key]?[member] = nil }
            if sets[key]?.isEmpty == true { sets[key] = nil }
        case .expire: break
        }
    }
}
