package import HyperoSchema

/// From entries in their order, and what is known of their subjects, to the changes of the indexes: values in, values out.
///
/// All entries of a batch for one experiment become one change of its hash, one of its curve and a share of one change a
/// ranking. Folding a batch at once or entry by entry gives the same indexes.
package struct Fold {
    package enum Outcome {
        /// This must be read first; then fold again.
        case needs(Needs)
        case folded(Folded)
    }

    private let batch: Batch
    private let known: Known
    private let keys: Keyspace
    private var result = Folded()
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
    package static func fold(_ batch: Batch, onto known: Known, in keys: Keyspace) -> Outcome {
        let needs = Needs(of: batch, given: known)
        guard needs.isEmpty else { return .needs(needs) }
        var fold = Fold(batch, known, keys)
        for (index, item) in batch.items.enumerated() {
            switch item.content {
            case .rejected(let rejection, let producer): fold.judge(rejection, producer, index, item.id)
            case .event(let event, let subjects): fold.judge(event, subjects, index, item.id)
            }
        }
        return fold.outcome()
    }

    private init(_ batch: Batch, _ known: Known, _ keys: Keyspace) {
        self.batch = batch
        self.known = known
        self.keys = keys
        producers = known.producers.map { $0 ?? Watermark() }
        batteries = known.batteries.map { BatteryFold($0 ?? BatteryState()) }
        places = Array(repeating: -1, count: known.experiments.count)
    }

    // MARK: - Judging one entry

    private mutating func judge(_ event: Event, _ subjects: Batch.Subjects, _ index: Int, _ id: StreamID) {
        let when = event.time ?? Int64(clamping: id.milliseconds)
        if let producer = subjects.producer, let origin = event.origin {
            if let problem = producers[producer].problem { return bury(index, problem) }
            guard take(origin.seq, of: producer, index, when: when) else { return }
        }
        if let reason = objection(to: event, subjects) { return bury(index, reason) }
        result.counts.applied += 1
        batteries[subjects.battery].touch(when: when)
        apply(event, subjects, when: when)
    }

    /// Of an entry that cannot be understood. Its number is used up all the same, so that it is buried once, however often
    /// it is sent.
    private mutating func judge(_ rejection: Rejection, _ producer: Int?, _ index: Int, _ id: StreamID) {
        if let producer, let origin = rejection.origin, producers[producer].problem == nil {
            guard take(origin.seq, of: producer, index, when: Int64(clamping: id.milliseconds)) else { return }
        }
        bury(index, rejection.description)
    }

    /// Takes a producer's number.
    ///
    /// - Returns: whether it came for the first time; else the entry is a duplicate, and counted as one.
    private mutating func take(_ seq: UInt64, of producer: Int, _ index: Int, when: Int64) -> Bool {
        switch producers[producer].take(seq, when: when) {
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
        result.deadLetters.append(Folded.DeadLetter(item: index, reason: reason))
    }

    /// Why an event that can be understood cannot be applied.
    private func objection(to event: Event, _ subjects: Batch.Subjects) -> String? {
        if let problem = batteries[subjects.battery].before.problem { return problem }
        guard let place = subjects.experiment else { return nil }
        guard batteries[subjects.battery].rule != nil else {
            return "the battery \(event.battery.text) was never declared in this partition"
        }
        if let problem = known.experiments[place]?.problem { return problem }
        let owner = places[place] < 0 ? known.experiments[place]?.battery : experiments[places[place]].battery
        guard let owner, owner != event.battery, let experiment = event.experiment else { return nil }
        return "the experiment \(experiment.text) belongs to the battery \(owner.text)"
    }

    private mutating func apply(_ event: Event, _ subjects: Batch.Subjects, when: Int64) {
        if case .battery(let declaration) = event.body {
            return batteries[subjects.battery].declare(declaration, when: when)
        }
        let battery = subjects.battery
        guard let subject = subjects.experiment, let rule = batteries[battery].rule else { return }
        let place = place(of: subject, home: battery, rule)
        if experiments[place].battery == nil {
            batteries[battery].add(batch.experiments[subject], started: when)
        } else if event.requeued != nil {
            batteries[battery].addAgain(batch.experiments[subject], started: when)
        }
        if event.requeued != nil {
            batteries[battery].forgetColumns()
            experiments[place].isRequeued = true
        }
        experiments[place].touch(in: event.battery, when: when)

        switch event.body {
        case .battery: break
        case .start(let start): experiments[place].start(start)
        case .end(let status, let reason): experiments[place].end(status, reason: reason)
        case .param(let entries): set(entries, Prefix.param, at: place, battery, when)
        case .meta(let entries): set(entries, Prefix.meta, at: place, battery, when)
        case .epoch(let epoch, let cells): merge(cells, at: epoch, place, battery, rule, when)
        case .curve(let first, let series):
            for offset in 0..<(series.map(\.numbers.count).max() ?? 0) {
                let cells = series.filter { offset < $0.numbers.count }
                    .map { CurveRow.Cell($0.channel, $0.numbers[offset]) }
                merge(cells, at: first + offset, place, battery, rule, when)
            }
        case .maxima(let epoch, let cells):
            experiments[place].count(cells)
            experiments[place].say(cells, epoch: epoch)
            for cell in cells { batteries[battery].addColumn(Prefix.max + cell.channel, when: when) }
        }
    }

    /// The place of an experiment among those that have something to apply.
    private mutating func place(of subject: Int, home: Int, _ rule: BatteryState.Rule) -> Int {
        if places[subject] < 0 {
            places[subject] = experiments.count
            experiments.append(
                ExperimentFold(
                    known.experiments[subject] ?? ExperimentState(), home: home, rows: known.rows[subject] ?? [:],
                    isComplete: known.wholeCurves.contains(subject), rule: rule))
        }
        return places[subject]
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
        _ cells: [CurveRow.Cell], at epoch: Int, _ place: Int, _ battery: Int, _ rule: BatteryState.Rule, _ when: Int64
    ) {
        experiments[place].count(cells)
        guard experiments[place].merge(cells, at: epoch, by: rule) || experiments[place].isRequeued else { return }
        for channel in experiments[place].bestChannels {
            batteries[battery].addColumn(Prefix.max + channel, when: when)
        }
    }

    // MARK: - The outcome

    private mutating func outcome() -> Outcome {
        var needs = Needs()
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
            result.experiments.append(experiments[place].after)
            experiments[place].addChanges(
                of: batch.experiments[subject], in: keys, to: &result.changes, &batteries[home].rankings)
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
