import HyperoSchema

@testable import HyperoIngest

/// An in-memory substitute for Redis, which applies index changes and reads missing state.
struct IndexStore: Equatable {
    var hashes: [String: [String: String]] = [:]
    var sets: [String: [String: Double]] = [:]
    var deadLetters: [String] = []
    /// The entries of streams.
    var streams: [String: [[String: String]]] = [:]

    let keyspace: Keyspace
    /// The state after the batches, as the ingest keeps it; nil if each batch reads all state.
    var cache: StateCache?
    /// The deleted experiments and batteries.
    var tombstones = Tombstones()
    /// The number of whole curves that were read.
    private(set) var curveReads = 0
    /// The number of searches whose rungs were read.
    private(set) var rungReads = 0
    /// The next entry id of ``add(_:)``.
    private var nextID: UInt64 = 1

    init() {
        do {
            keyspace = try Keyspace.all()[0]
        } catch {
            fatalError(error.description)
        }
    }

    static func == (left: Self, right: Self) -> Bool {
        left.hashes == right.hashes && left.sets == right.sets && left.deadLetters == right.deadLetters
            && left.streams == right.streams
    }

    /// Folds the events as one batch and applies the changes.
    @discardableResult
    mutating func add(_ events: [Event]) -> [IndexChange] {
        var batch = DecodedBatch()
        for event in events {
            batch.append(StreamID(milliseconds: 1_000 + nextID, sequence: 0), event: .success(event))
            nextID += 1
        }
        return add(batch)
    }

    @discardableResult
    mutating func add(_ batch: DecodedBatch) -> [IndexChange] {
        var batch = batch
        var prior =
            cache?.priorState(of: batch)
            ?? PriorState(
                producers: batch.producers.map { _ in nil }, batteries: batch.batteries.map { _ in nil },
                experiments: batch.experiments.map { _ in nil })
        prior.tombstones = tombstones
        while true {
            switch Fold.fold(batch, onto: prior, in: keyspace) {
            case .missing(let missing):
                batch.add(missing.subjects)
                prior.extend(to: batch)
                read(missing, of: batch, into: &prior)
            case .folded(let result):
                for change in result.changes { apply(change, table: result.rows) }
                deadLetters += result.deadLetters.map(\.reason)
                cache?.store(result.posterior, of: batch)
                tombstones.update(with: result)
                return Array(result.changes)
            }
        }
    }

    private mutating func read(_ missing: MissingState, of batch: DecodedBatch, into prior: inout PriorState) {
        for index in missing.producers {
            let hash = hashes[keyspace.producer(batch.producers[index])] ?? [:]
            prior.producers[index] = Watermark(
                seq: hash[ProducerField.seq], time: hash[ProducerField.time], missing: hash[ProducerField.missing])
        }
        for index in missing.batteries {
            let hash = hashes[keyspace.battery(batch.batteries[index])] ?? [:]
            prior.batteries[index] = BatteryState(fields: hash.map { ($0.key, $0.value) })
        }
        for index in missing.experiments {
            let hash = hashes[keyspace.experiment(batch.experiments[index])] ?? [:]
            var state = ExperimentState(values: ExperimentState.fields.map { hash[$0] })
            if let battery = state.battery {
                state.isListed = sets[keyspace.experiments(of: battery)]?[batch.experiments[index].text] != nil
            }
            prior.experiments[index] = state
        }
        for index in missing.searches {
            let hash = hashes[keyspace.search(batch.searches[index])] ?? [:]
            prior.set(SearchState(fields: hash.map { ($0.key, $0.value) }), at: index)
        }
        for (index, empty) in missing.rungs {
            var rungs = empty
            let search = batch.searches[index]
            for (rung, epoch) in rungs.epochs.enumerated() {
                for (member, score) in sets[keyspace.rung(epoch, of: search)] ?? [:] {
                    Array(member.utf8).withUnsafeBufferPointer {
                        rungs.add($0, score: score, toRung: rung, of: search)
                    }
                }
            }
            prior.rungs[index] = rungs
            rungReads += 1
        }
        for index in missing.parameters {
            let hash = hashes[keyspace.experiment(batch.experiments[index])] ?? [:]
            prior.parameters[index] = hash.filter { PriorState.isParameter($0.key) }.map { ($0.key, $0.value) }
        }
        for index in missing.unlisted {
            let hash = hashes[keyspace.experiment(batch.experiments[index])] ?? [:]
            prior.unlisted[index] = UnlistedExperiment(fields: hash.map { ($0.key, $0.value) })
        }
        for (index, epochs) in missing.rows {
            let hash = hashes[keyspace.curve(of: batch.experiments[index])] ?? [:]
            for epoch in epochs {
                prior.rows[index, default: [:]][epoch] =
                    hash[String(epoch)].flatMap { CurveRow(text: $0) } ?? CurveRow()
            }
        }
        for (index, objective) in missing.wholeCurves {
            var reader = ObjectiveReader(of: objective)
            for (epoch, text) in hashes[keyspace.curve(of: batch.experiments[index])] ?? [:] {
                Array(epoch.utf8).withUnsafeBufferPointer { epoch in
                    Array(text.utf8).withUnsafeBufferPointer { reader.add(epoch: epoch, row: $0) }
                }
            }
            prior.objectives[index] = reader.objectives
            prior.epochs[index] = reader.epochs
            curveReads += 1
        }
    }

    private mutating func apply(_ change: IndexChange, table: RowTable) {
        switch change {
        case .setFields(let key, let fields):
            for field in fields { hashes[key, default: [:]][field.name] = field.value }
        case .setRows(let key, let rows):
            for row in rows { hashes[key, default: [:]][String(row.epoch)] = CurveRow(table.cells(of: row.row)).text }
        case .removeFields(let key, let names):
            for name in names { hashes[key]?[name] = nil }
            if hashes[key]?.isEmpty == true { hashes[key] = nil }
        case .increment(let key, let field, let amount):
            let before = Int(hashes[key]?[field] ?? "0")!
            // The batches decide whether a count of zero is stored or absent, so both are represented as absent.
            hashes[key, default: [:]][field] = before + amount == 0 ? nil : String(before + amount)
        case .addScores(let key, let scored, let onlyNew):
            for scored in scored where !onlyNew || sets[key]?[scored.member] == nil {
                sets[key, default: [:]][scored.member] = Double(scored.score)!
            }
        case .removeMembers(let key, let members):
            for member in members { sets[key]?[member] = nil }
            if sets[key]?.isEmpty == true { sets[key] = nil }
        case .expire: break
        case .appendEntry(let key, let fields, _):
            streams[key, default: []].append(Dictionary(fields.map { ($0.name, $0.value) }) { $1 })
        }
    }
}
