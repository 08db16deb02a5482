package import HyperoSchema

/// From entries in their order, and what is known of their subjects, to the changes of the indexes: values in, values out.
///
/// All entries of a batch for one experiment become one change of its hash, one of its curve and a share of one change a
/// ranking. Folding a batch at once or entry by entry gives the same indexes.
package struct Fold {
    package enum Outcome {
        /// This must be read first; then fold again.
        case needs(MissingState)
        case folded(FoldResult)
    }

    private let batch: DecodedBatch
    private let known: PriorState
    private let keys: Keyspace
    private var result = FoldResult()
    private var producers: [Watermark]
    private var batteries: [BatteryFold]
    /// Of the experiments that have an event to apply, in the order of their first.
    private var experiments: [ExperimentFold] = []
    /// The place of an experiment of the batch in `experiments`; -1 when it has no event to apply yet.
    private var places: [Int]

    /// Folds a batch.
    ///
    /// - Parameters:
    ///   - known: the state before the batch, as far as it is known.
    ///   - keys: of the partition.
    package static func fold(_ batch: DecodedBatch, onto known: PriorState, in keys: Keyspace) -> Outcome {
        let needs = MissingState(of: batch, given: known)
        guard needs.isEmpty else { return .needs(needs) }
        var fold = Fold(batch, known, keys)
        for index in batch.items.indices { fold.judge(index) }
        return fold.outcome()
    }

    private init(_ batch: DecodedBatch, _ known: PriorState, _ keys: Keyspace) {
        self.batch = batch
        self.known = known
        self.keys = keys
        producers = known.producers.map { $0 ?? Watermark() }
        batteries = known.batteries.map { BatteryFold($0 ?? BatteryState()) }
        places = Array(repeating: -1, count: known.experiments.count)
        result.rows = batch.rows
    }

    // MARK: - Judging one entry

    private mutating func judge(_ index: Int) {
        let item = batch.items[index]
        if case .rejected(let place) = item.content { return judge(batch.rejections[place], item, index) }
        let producer = item.subjects.producer
        if producer >= 0 {
            if let problem = producers[producer].problem { return bury(index, problem) }
            guard take(item.seq, of: producer, index, when: item.when) else { return }
        }
        if let reason = objection(to: item.subjects) { return bury(index, reason) }
        result.counts.applied += 1
        batteries[item.subjects.battery].touch(when: item.when)
        switch item.content {
        case .row(let epoch, let row):
            guard let rule = batteries[item.subjects.battery].rule else { return }
            let place = begin(item.subjects, rule, when: item.when, isRequeued: false)
            merge(row, at: epoch, place, item.subjects.battery, rule, item.when)
        case .event(let place): apply(batch.events[place], item.subjects, when: item.when)
        case .rejected: break
        }
    }

    /// Of an entry that cannot be understood. Its number is used up all the same, so that it is buried once, however often
    /// it is sent.
    private mutating func judge(_ rejection: Rejection, _ item: DecodedBatch.Item, _ index: Int) {
        let producer = item.subjects.producer
        if producer >= 0, producers[producer].problem == nil {
            guard take(item.seq, of: producer, index, when: item.when) else { return }
        }
        bury(index, rejection.description)
    }

    /// Takes a producer's number.
    ///
    /// - Returns: whether it came for the first time; else the entry is a duplicate, and counted as one.
    private mutating func take(_ seq: UInt64, of producer: Int, _ index: Int, when: Int64) -> Bool {
        switch producers[producer].take(seq, when: when) {
        case .new(skipped: 0): break
        case .new(let skipped): result.counts.addGaps(Int(clamping: skipped))
        case .late: result.counts.addGaps(-1)
        case .duplicate:
            result.counts.duplicates += 1
            result.duplicates.append(index)
            return false
        }
        return true
    }

    private mutating func bury(_ index: Int, _ reason: String) {
        result.counts.dead += 1
        result.deadLetters.append(FoldResult.DeadLetter(item: index, reason: reason))
    }

    /// Why an event that can be understood cannot be applied.
    private func objection(to subjects: DecodedBatch.Subjects) -> String? {
        let (battery, experiment) = (subjects.battery, subjects.experiment)
        // One that has something to apply is of its own battery, and fine.
        if experiment >= 0, places[experiment] >= 0, experiments[places[experiment]].home == battery { return nil }
        if let problem = batteries[battery].before.problem { return problem }
        guard experiment >= 0 else { return nil }
        let id = batch.batteries[battery]
        guard batteries[battery].rule != nil else {
            return "the battery \(id.text) was never declared in this partition"
        }
        if let problem = known.experiments[experiment]?.problem { return problem }
        let place = places[experiment]
        let owner = place < 0 ? known.experiments[experiment]?.battery : experiments[place].battery
        guard let owner, owner != id else { return nil }
        return "the experiment \(batch.experiments[experiment].text) belongs to the battery \(owner.text)"
    }

    private mutating func apply(_ event: Event, _ subjects: DecodedBatch.Subjects, when: Int64) {
        let battery = subjects.battery
        if case .battery(let declaration) = event.body {
            return batteries[battery].declare(declaration, when: when)
        }
        guard subjects.experiment >= 0, let rule = batteries[battery].rule else { return }
        let place = begin(subjects, rule, when: when, isRequeued: event.requeued != nil)
        switch event.body {
        case .battery: break
        case .start(let start): experiments[place].start(start)
        case .end(let status, let reason): experiments[place].end(status, reason: reason)
        case .param(let entries): set(entries, Prefix.param, at: place, battery, when)
        case .meta(let entries): set(entries, Prefix.meta, at: place, battery, when)
        case .epoch(let epoch, let cells): merge(result.rows.add(cells), at: epoch, place, battery, rule, when)
        case .curve(let first, let series):
            for offset in 0..<(series.map(\.numbers.count).max() ?? 0) {
                let cells = series.filter { offset < $0.numbers.count }
                    .map { CurveRow.Cell($0.channel, $0.numbers[offset]) }
                merge(result.rows.add(cells), at: first + offset, place, battery, rule, when)
            }
        case .maxima(let epoch, let cells):
            experiments[place].say(cells, epoch: epoch)
            for cell in cells { batteries[battery].addColumn(Prefix.max + cell.channel, when: when) }
        }
    }

    /// Notes an event of any kind of an experiment.
    ///
    /// - Returns: the place of the experiment among those that have something to apply.
    private mutating func begin(
        _ subjects: DecodedBatch.Subjects, _ rule: BatteryState.Rule, when: Int64, isRequeued: Bool
    ) -> Int {
        let (subject, battery) = (subjects.experiment, subjects.battery)
        var place = places[subject]
        if place < 0 {
            place = experiments.count
            places[subject] = place
            experiments.append(
                ExperimentFold(
                    known.experiments[subject] ?? ExperimentState(), home: battery, rows: known.rows[subject] ?? [:],
                    isComplete: known.wholeCurves.contains(subject), rule: rule, &result.rows))
        }
        if experiments[place].battery == nil {
            batteries[battery].add(batch.experiments[subject], started: when)
        } else if isRequeued {
            batteries[battery].addAgain(batch.experiments[subject], started: when)
        }
        if isRequeued {
            batteries[battery].forgetColumns()
            experiments[place].isRequeued = true
        }
        experiments[place].touch(in: batch.batteries[battery], when: when)
        return place
    }

    private mutating func set(
        _ entries: [Event.Entry], _ prefix: String, at place: Int, _ battery: Int, _ when: Int64
    ) {
        for entry in entries {
            let field = prefix + entry.name
            experiments[place].fields.set(field, entry.value)
            batteries[battery].addColumn(field, when: when)
        }
    }

    private mutating func merge(
        _ row: RowTable.Row, at epoch: Int, _ place: Int, _ battery: Int, _ rule: BatteryState.Rule, _ when: Int64
    ) {
        let mayHaveNewChannels = experiments[place].merge(row, at: epoch, by: rule, &result.rows)
        guard mayHaveNewChannels || experiments[place].isRequeued else { return }
        for channel in experiments[place].bestChannels(in: result.rows) {
            batteries[battery].addColumn(Prefix.max + channel, when: when)
        }
    }

    // MARK: - The outcome

    private mutating func outcome() -> Outcome {
        var needs = MissingState()
        for (subject, place) in places.enumerated() where place >= 0 && experiments[place].needsWholeCurve {
            needs.wholeCurves.insert(subject)
        }
        guard needs.isEmpty else { return .needs(needs) }
        result.experiments.reserveCapacity(places.count)
        for (subject, place) in places.enumerated() {
            guard place >= 0 else {
                result.experiments.append(known.experiments[subject] ?? ExperimentState())
                continue
            }
            // By place and not by value: a copy of an experiment retains all it holds.
            let home = experiments[place].home
            result.experiments.append(experiments[place].after(result.rows))
            experiments[place].addChanges(
                of: batch.experiments[subject], in: keys, to: &result.changes, &batteries[home].rankings, result.rows)
        }
        for (place, battery) in batteries.enumerated() {
            result.changes += battery.changes(of: batch.batteries[place], in: keys)
            result.batteries.append(battery.after)
        }
        for (place, producer) in producers.enumerated() where producer != known.producers[place] {
            result.changes += producer.changes(
                of: batch.producers[place], since: known.producers[place] ?? Watermark(), in: keys)
        }
        result.producers = producers
        result.changes += result.counts.changes(in: keys)
        return .folded(result)
    }
}
