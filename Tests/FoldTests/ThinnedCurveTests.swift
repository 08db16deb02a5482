import HyperoSchema
import TestSupport
import Testing

@testable import HyperoIngest

/// Events of experiments of whose curves rows were removed.
@Suite struct ThinnedCurveTests {
    private typealias Make = Shorthand

    @Test(arguments: 1...8 as ClosedRange<UInt64>)
    func `Maxima and rankings are those of the whole curves, whatever is thinned and arrives later`(seed: UInt64) {
        var generator = EventGenerator(seed: seed, producers: 2, batteries: 3, experiments: 3)
        var random = SeededGenerator(seed: seed)
        var store = IndexStore()
        store.cache = StateCache()
        var entries = generator.entries(500)
        for index in entries.indices {
            if random.chance(3) { store.thin(.rows(Int.random(in: 10...14, using: &random)), using: &random) }
            if random.chance(1) { store.thin(.maxima, using: &random) }
            let before = store.deadLetters.count
            store.add(CollectionOfOne(entries[index]))
            // The sequence number of a refused entry counts, so that the model gets one that it refuses too.
            if let reason = store.deadLetters.dropFirst(before).first, reason.hasPrefix("thinned curve") {
                let origin = entries[index].fields.filter { field in
                    ["producer", "seq", "time"].contains { field.name.elementsEqual($0.utf8) }
                }
                entries[index].fields =
                    [
                        StreamEntry.Field("event", "meta"), StreamEntry.Field("experiment", "refused-1"),
                        StreamEntry.Field("battery", "refused"), StreamEntry.Field("meta.x", "1"),
                    ] + origin
            }
        }
        #expect(store.differencesOfIndexes(from: entries) == "")
    }

    /// Returns a store with rows of the epochs 1 to 100, the best of them 50, and a curve thinned to 10 rows.
    private func thinned(_ limit: CurveLimit = .rows(10)) -> IndexStore {
        var store = IndexStore()
        store.add([Make.declared()])
        store.add((1...100).map { Make.row($0, ["valid": "\(100 - abs(50 - $0))", "loss": "\($0)"]) })
        store.thin(Make.experiment, limit)
        return store
    }

    @Test func `A row that was removed, or whose objective gets worse, is refused, and other changes are applied`() {
        var store = thinned()
        let before = store.maxima
        #expect(store.curve.keys.contains("50") && !store.curve.keys.contains("55"))
        store.add([Make.row(55, ["other": "1"]), Make.row(50, ["valid": "3"]), Make.row(50, ["valid": "nan"])])
        #expect(
            store.deadLetters == [
                "thinned curve: the row of epoch 55 was removed, or had no values when the rows up to epoch 100 were thinned",
                "thinned curve: valid of epoch 50 cannot get worse, because better rows up to epoch 100 may have been removed",
                "thinned curve: valid of epoch 50 cannot get worse, because better rows up to epoch 100 may have been removed",
            ])
        #expect(store.maxima == before)
        store.add([Make.row(50, ["valid": "200", "loss": "7", "late": "1"]), Make.row(101, ["valid": "150"])])
        #expect(store.deadLetters.count == 3)
        #expect(
            store.maxima["max.valid"] == "200" && store.maxima["max.loss"] == "7" && store.maxima["max.late"] == "1")
    }

    @Test func `Rows after those that were thinned come and get worse as usual`() {
        var store = thinned(.maxima)
        #expect(store.curve.keys.sorted() == ["100", "50"])
        store.add([Make.row(101, ["valid": "300"])])
        #expect(store.maxima["max.epoch"] == "101")
        store.add([Make.row(101, ["valid": "1"])])
        #expect(store.maxima["max.epoch"] == "50" && store.maxima["max.valid"] == "100")
        #expect(store.deadLetters == [])
    }

    @Test func `A curve event with one row that was removed is refused whole`() {
        var store = thinned()
        let before = store.curve
        store.add([
            Make.event(.curve(first: 99, [Event.Series("late", ["1", "2", "3"].map(Make.number))]))
        ])
        #expect(store.deadLetters.count == 1)
        #expect(store.curve == before)
    }

    @Test func `A resume that keeps the best row is applied, and its rows replace those that were withdrawn`() {
        var store = thinned()
        store.add([Make.event(.start(Event.Start(from: 60)), at: 30), Make.row(61, ["valid": "99.5"], at: 31)])
        #expect(store.deadLetters == [])
        #expect(store.experiment["thinned"]?.hasPrefix("59 ") == true)
        #expect(store.maxima["max.epoch"] == "50" && store.experiment["epochs"] == "61")
        store.add([Make.row(61, ["valid": "3"], at: 32), Make.row(59, ["other": "3"], at: 33)])
        #expect(store.deadLetters.count == 1, "only the epoch 59 is final")
    }

    @Test func `A resume that would withdraw the best row is refused, and one from the start begins a whole curve`() {
        var store = thinned()
        store.add([Make.event(.start(Event.Start(from: 50)), at: 30)])
        #expect(store.deadLetters.count == 1)
        #expect(
            store.deadLetters[0].hasPrefix(
                "thinned curve: it cannot be resumed from epoch 50, because its best epoch 50"))
        #expect(store.maxima["max.epoch"] == "50")

        var other = IndexStore()
        other.add([Make.declared(objective: "absent")])
        other.add((1...100).map { Make.row($0, ["valid": "\($0)"]) })
        other.thin(Make.experiment, .rows(10))
        other.add([Make.event(.start(Event.Start(from: 0)), at: 30), Make.row(3, ["absent": "1"], at: 31)])
        #expect(other.deadLetters == [])
        #expect(other.experiment["thinned"] == nil && other.maxima["max.epoch"] == "3")
    }

    @Test func `Maxima that are stated for a row that was removed are refused, and for one that stays applied`() {
        var store = thinned()
        store.add([Make.maxima(["test": "1"], epoch: 55), Make.maxima(["test": "2"], epoch: 50)])
        #expect(store.deadLetters.count == 1)
        #expect(store.maxima["max.test"] == "2" && store.maxima["max.loss"] == "50")
    }
}

extension IndexStore {
    /// Thins the curve of an experiment as the ingest does.
    mutating func thin(_ experiment: ExperimentID, _ limit: CurveLimit) {
        let (curve, hash) = (keyspace.curve(of: experiment), keyspace.experiment(experiment))
        guard let battery = hashes[hash]?["battery"].flatMap({ BatteryID($0) }), let rows = hashes[curve],
            let objective = BatteryState(fields: (hashes[keyspace.battery(battery)] ?? [:]).map { ($0.key, $0.value) })
                .objective
        else { return }
        var thinning = CurveThinning(of: objective)
        for (epoch, row) in rows { thinning.add(epoch: Int(epoch)!, CurveRow(text: row)!) }
        let epochs = thinning.epochs
        let stated = hashes[hash]?["max.stated"].flatMap { ExperimentState.StatedMaxima(text: $0) }?.epoch
        let kept = thinning.kept(of: epochs, limit: limit, pinned: stated.map { [$0] } ?? [])
        let record = ThinnedCurve(
            through: epochs.last!,
            removed: epochs.count - kept.count
                + (hashes[hash]?["thinned"].flatMap { ThinnedCurve(text: $0) }?.removed ?? 0),
            best: thinning.best, limit: limit, time: 0)
        for epoch in Set(epochs).subtracting(kept) { hashes[curve]?[String(epoch)] = nil }
        hashes[hash]?["thinned"] = record.text
        if cache != nil { cache = StateCache() }
    }

    fileprivate mutating func thin(_ limit: CurveLimit, using random: inout SeededGenerator) {
        let experiments = hashes.keys.sorted().compactMap { key in
            key.dropping(prefix: keyspace.experimentPrefix).flatMap { ExperimentID($0) }
        }
        if !experiments.isEmpty { thin(random.pick(experiments), limit) }
    }

    /// Returns the differences of all indexes but the curves between the store and the naive model of the entries.
    fileprivate func differencesOfIndexes(from entries: [StreamEntry]) -> String {
        var (found, expected) = (PartitionContent(), NaiveModel.content(of: entries, in: keyspace))
        for (key, hash) in hashes where key != keyspace.ingest && !hash.isEmpty {
            if key.hasSuffix(":curve"), case .hash(let whole) = expected.keys[key] {
                // The rows that are left are those of the whole curve.
                expected.keys[key] = .hash(whole.filter { hash[$0.key] != nil })
            }
            found.keys[key] = .hash(
                hash.filter { $0.key != "thinned" && (hash["thinned"] == nil || $0.key != "epochs") })
            // After a resume, the highest epoch is the one of the rows that are left.
            if hash["thinned"] != nil, case .hash(var fields) = expected.keys[key] {
                fields["epochs"] = nil
                expected.keys[key] = .hash(fields)
            }
        }
        for (key, set) in sets { found.keys[key] = .sortedSet(set) }
        found.counts = expected.counts
        expected.dead = [:]
        return found.differences(fromExpected: expected)
    }
}
