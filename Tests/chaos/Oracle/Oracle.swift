import ChaosLog
import HyperoSchema
import TestSupport

/// The judge of a chaos run, which compares the side files of the producers with the indexes.
///
/// The verdict is a proof only if the oracle is independent of the code under test:
///
/// - Its only source of truth is the side files. A producer writes each line before it calls the client, so the side
///   files contain nothing that the client, the journal, the stream or the ingest has produced.
/// - Two comparisons must both succeed. ``ExperimentJudge`` compares the indexes with the calls, event by event, and names
///   the kind of each difference. `NaiveModel`, a second implementation of the ingest, computes the complete indexes from
///   the same calls, and every key and field must be equal.
/// - The indexes decide only the outcomes that the faults leave open. An interrupted call is expected if its trace is
///   in the indexes, and then all its effects must be in the indexes. Any number of duplicates is accepted. So are all
///   orders of the events of different processes: see ``OpenOutcomes``.
/// - OracleTests introduce each kind of difference, and require that the oracle reports the kind.
///
/// The side files contain no times. An event has the number of its attempt as its time instead, because an experiment is
/// resumed only after the process of the attempt before has ended.
struct Oracle {
    let found: FoundPartition
    let deletions: Deletions
    var keyspace: Keyspace { found.keyspace }
    var logs: [ProducerID: ProducerLog]
    var verdict: Verdict
    /// The interrupted calls for a new experiment that are not matched with an experiment in the indexes yet.
    var openBegins: [SideReader.OpenBegin]
    var openInheritances: [SideReader.OpenInheritance]
    private var letters = DeadLetterJudge()
    private var outcomes = OpenOutcomes()
    /// True if the columns of the battery with a key of a wrong type are that key.
    private let hasWrongKey: Bool

    /// Judges a run.
    ///
    /// - Parameters:
    ///   - found: all partitions of all deployments of the run.
    ///   - deletions: the deletions that the run has requested.
    static func judge(
        _ sides: SideReader, against found: [FoundPartition], deletions: Deletions = Deletions()
    ) throws -> Verdict {
        var verdict = Verdict()
        verdict.dropped = sides.dropped
        verdict.indeterminate = sides.openBegins.count + sides.openInheritances.count
        var openBegins = sides.openBegins
        var logs: [Keyspace: [ProducerID: ProducerLog]] = [:]
        for (producer, log) in sides.logs { logs[try log.keyspace(), default: [:]][producer] = log }
        for partition in found {
            let openInheritances = try sides.openInheritances.filter { open in
                try ProducerLog(root: open.root, partitions: open.partitions).keyspace() == partition.keyspace
            }
            var oracle = Oracle(
                found: partition, deletions: deletions, logs: logs[partition.keyspace] ?? [:], verdict: verdict,
                openBegins: openBegins, openInheritances: openInheritances)
            oracle.judge()
            (verdict, openBegins) = (oracle.verdict, oracle.openBegins)
        }
        return verdict
    }

    private init(
        found: FoundPartition, deletions: Deletions, logs: [ProducerID: ProducerLog], verdict: Verdict,
        openBegins: [SideReader.OpenBegin], openInheritances: [SideReader.OpenInheritance]
    ) {
        self.found = found
        self.deletions = deletions
        self.logs = logs
        self.verdict = verdict
        self.openBegins = openBegins
        self.openInheritances = openInheritances
        let columns = found.content.keys[found.keyspace.columns(of: History.battery(ChaosBattery.wrongType))]
        hasWrongKey = if case .other = columns { true } else { false }
    }

    private mutating func judge() {
        addUnrecordedExperiments()
        addUnrecordedChildren()
        addUnrecordedProducers()
        var expected = PartitionContent()
        for family in families() { expected.merge(content(of: family)) }
        verdict.producers += logs.count
        verdict.experiments += logs.values.reduce(0) { count, log in
            count + log.histories.count { !$0.isInherited && $0.attempt == 1 }
        }
        verdict.resumes += logs.values.reduce(0) { $0 + $1.histories.count { $0.attempt > 1 } }
        verdict.deduplicated += found.content.counts.duplicates
        // The number of duplicates depends on the faults, not on the calls. The dead letters are compared on their own.
        expected.counts.duplicates = found.content.counts.duplicates
        expected.dead = found.content.dead
        if hasWrongKey {
            let columns = keyspace.columns(of: History.battery(ChaosBattery.wrongType))
            expected.keys[columns] = found.content.keys[columns]
        }
        let content = found.content.withoutTimes
        outcomes.settle(&expected, accordingTo: content, in: keyspace, deletions: deletions, verdict: &verdict)
        letters.judge(found.deadLetters, trimmed: found.trimmedLetters, verdict: &verdict)
        let differences = content.differences(fromExpected: expected)
        if !differences.isEmpty {
            verdict.differences += (verdict.differences.isEmpty ? "" : "\n") + "\(keyspace.tag)\n\(differences)"
        }
    }

    /// Returns the producers, grouped by the processes that share experiments. The producers of a group are in the order in
    /// which their processes have started: the declarations and starts of a process precede what its children and the
    /// processes that resume its experiments log.
    private func families() -> [[ProducerID]] {
        var parents: [ProducerID: ProducerID] = [:]
        func representative(of producer: ProducerID) -> ProducerID {
            var producer = producer
            while let parent = parents[producer] { producer = parent }
            return producer
        }
        for (producer, log) in logs {
            for related in [log.root] + log.histories.compactMap(\.owner) {
                let (first, second) = (representative(of: producer), representative(of: related))
                if first != second { parents[first] = second }
            }
        }
        func order(_ producer: ProducerID) -> (Int64, Int, String) {
            let log = logs[producer]
            return (log?.start ?? .max, log?.root == producer ? 0 : 1, producer.text)
        }
        return Dictionary(grouping: logs.keys, by: { representative(of: $0) }).values.map { producers in
            producers.sorted { order($0) < order($1) }
        }
    }

    /// Judges the experiments of a family, and returns the content that its calls must produce.
    private mutating func content(of family: [ProducerID]) -> PartitionContent {
        let experiments = experiments(of: family)
        var entries: [StreamEntry] = []
        var attempts: [ExperimentID: [ExpectedValues.Attempt]] = [:]
        var deadCounts: [ProducerID: Int] = [:]
        var gone: [ExperimentID] = []
        for producer in family {
            guard let log = logs[producer] else { continue }
            var replay = ProducerReplay(
                of: producer, log, watermark: watermark(of: producer) ?? 0, experiments: experiments)
            replay.addCalls()
            replay.addInterruptedCalls(&openBegins)
            replay.addLostEnds()
            verdict.indeterminate += replay.indeterminate
            verdict.recovered += replay.recovered
            for attempt in replay.attempts {
                attempts[attempt.id, default: []].append(attempt.attempt)
                guard attempt.battery == ChaosBattery.wrongType, hasWrongKey else { continue }
                for call in attempt.attempt.calls where letters.add(call, of: attempt.id) {
                    deadCounts[producer, default: 0] += 1
                }
            }
            entries += replay.events.map { event in
                StreamEntry(id: StreamID(milliseconds: 1, sequence: event.origin?.seq ?? 0), event)
            }
            gone += replay.unrecorded
            outcomes.add(replay, deletions: deletions)
        }
        // The ids are in the order of the entries.
        entries = entries.enumerated().map { index, entry in
            StreamEntry(id: StreamID(milliseconds: UInt64(index + 1), sequence: 0), fields: entry.fields)
        }
        for (id, experiment) in experiments {
            let values = ExpectedValues(attempts[id] ?? [])
            outcomes.add(id, experiment, values)
            if experiment.isGone {
                gone.append(id)
            } else if deletions.mustRemove(id), experiment.judge.exists {
                verdict.undeleted.add(id.text)
            } else {
                experiment.judge.judge(values, verdict: &verdict)
            }
        }
        verdict.accepted += entries.count
        let removals = gone.map { NaiveModel.Deletion(.deleteExperiment($0), after: entries.count, at: 1) }
        var content = NaiveModel.content(of: entries, deletions: removals, in: keyspace).withoutTimes
        let deadCount = deadCounts.values.reduce(0, +)
        verdict.expectedLetters += deadCount
        // The other changes of such an event are applied.
        content.counts.applied -= deadCount
        content.counts.dead += deadCount
        for (producer, count) in deadCounts {
            let key = keyspace.producer(producer)
            guard case .hash(var fields) = content.keys[key] else { continue }
            fields[ProducerField.dead] = "\((fields[ProducerField.dead].flatMap { Int($0) } ?? 0) + count)"
            content.keys[key] = .hash(fields)
        }
        return content
    }

    /// Returns the experiments of a family.
    private func experiments(of family: [ProducerID]) -> [ExperimentID: JudgedExperiment] {
        var experiments: [ExperimentID: JudgedExperiment] = [:]
        for history in family.flatMap({ logs[$0]?.histories ?? [] }) {
            var experiment =
                experiments[history.id]
                ?? JudgedExperiment(
                    judge: ExperimentJudge(history.id, in: found.content, keyspace: keyspace),
                    battery: history.batteryIndex)
            experiment.isGone =
                !experiment.judge.exists && deletions.mayRemove(history.id, of: history.batteryIndex)
            let judge = experiment.judge
            let hasStarted = history.calls.contains {
                $0.body.isStart && ($0.isConfirmed || judge.hasTrace(of: $0.body))
            }
            // An interrupted resume without a trace has no effect.
            if hasStarted || history.attempt == 1 { experiment.attempts.append((history.attempt, history.from)) }
            experiments[history.id] = experiment
        }
        return experiments
    }

    func watermark(of producer: ProducerID) -> Int? {
        guard case .hash(let fields) = found.content.keys[keyspace.producer(producer)] else { return nil }
        return fields[ProducerField.seq].flatMap { Int($0) }
    }
}

/// An experiment of a run, with what the indexes have of it.
struct JudgedExperiment {
    let judge: ExperimentJudge
    /// The index of its battery in ``ChaosBattery/all``.
    let battery: Int
    /// True if the experiment is not in the indexes, and was deleted.
    var isGone = false
    /// The numbers of its attempts, with the first epochs whose rows they withdraw.
    var attempts: [(number: Int, from: Int?)] = []

    /// True if several processes have logged the experiment one after another.
    var isResumed: Bool { attempts.contains { $0.number > 1 } }

    /// Returns whether the indexes must show a call of an attempt. A later attempt may hide its trace, and a deletion hides
    /// all.
    func shows(_ body: Event.Body, of attempt: Int) -> Bool {
        let later = attempts.filter { $0.number > attempt }
        if isGone { return false }
        guard !later.isEmpty else { return true }
        let end = later.compactMap(\.from).min()
        switch body {
        case .epoch(let epoch, _): return end.map { epoch < $0 } ?? true
        case .curve(let first, _): return end.map { first < $0 } ?? true
        case .battery, .start: return attempt == 1
        case .end: return false
        case .param, .meta, .maxima, .alive, .search, .claim, .enqueue: return true
        }
    }
}
