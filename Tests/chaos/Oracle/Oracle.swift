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
///   in the indexes, and then all its effects must be in the indexes. Any number of duplicates is accepted.
/// - OracleTests introduce each kind of difference, and require that the oracle reports the kind.
///
/// A forked child may declare again each battery of an experiment that it has inherited. Its watermark shows whether it
/// has, because a declaration consumes a sequence number.
struct Oracle {
    private let found: FoundPartition
    private var keyspace: Keyspace { found.keyspace }
    private var logs: [ProducerID: ProducerLog]
    private var verdict: Verdict
    /// The interrupted calls for a new experiment that are not matched with an experiment in the indexes yet. The calls
    /// that remain unmatched logged at most the declaration of the battery.
    private var openBegins: [SideReader.OpenBegin]
    private var openInheritances: [SideReader.OpenInheritance]
    private var letters = DeadLetterJudge()
    /// True if the columns of the battery with a key of a wrong type are that key.
    private let hasWrongKey: Bool

    /// Judges a run.
    ///
    /// - Parameter found: all partitions of all deployments of the run.
    static func judge(_ sides: SideReader, against found: [FoundPartition]) throws -> Verdict {
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
                found: partition, logs: logs[partition.keyspace] ?? [:], verdict: verdict, openBegins: openBegins,
                openInheritances: openInheritances)
            oracle.judge()
            (verdict, openBegins) = (oracle.verdict, oracle.openBegins)
        }
        return verdict
    }

    private init(
        found: FoundPartition, logs: [ProducerID: ProducerLog], verdict: Verdict,
        openBegins: [SideReader.OpenBegin], openInheritances: [SideReader.OpenInheritance]
    ) {
        self.found = found
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
        let families = Dictionary(grouping: logs.keys) { logs[$0]?.root ?? $0 }
        for (root, members) in families {
            // The root's events first: the declarations and starts precede what the children log.
            let family = members.filter { $0 == root } + members.filter { $0 != root }.sorted { $0.text < $1.text }
            expected.merge(content(of: family))
        }
        verdict.producers += logs.count
        verdict.experiments += logs.values.reduce(0) { $0 + $1.histories.count { !$0.isInherited } }
        verdict.deduplicated += found.content.counts.duplicates
        // The number of duplicates depends on the faults, not on the calls. The dead letters are compared on their own.
        expected.counts.duplicates = found.content.counts.duplicates
        expected.dead = found.content.dead
        if hasWrongKey {
            let columns = keyspace.columns(of: History.battery(ChaosBattery.wrongType))
            expected.keys[columns] = found.content.keys[columns]
        }
        letters.judge(found.deadLetters, verdict: &verdict)
        let differences = found.content.withoutTimes.differences(fromExpected: expected)
        if !differences.isEmpty {
            verdict.differences += (verdict.differences.isEmpty ? "" : "\n") + "\(keyspace.tag)\n\(differences)"
        }
    }

    /// Judges the experiments of a process and its children, and returns the content that their calls must produce.
    private mutating func content(of family: [ProducerID]) -> PartitionContent {
        var entries: [StreamEntry] = []
        var calls: [ExperimentID: [Event.Body]] = [:]
        var judges: [ExperimentID: ExperimentJudge] = [:]
        var deadCounts: [ProducerID: Int] = [:]
        for producer in family {
            var seq = 0
            for history in logs[producer]?.histories ?? [] {
                let judge = judges[history.id] ?? ExperimentJudge(history.id, in: found.content, keyspace: keyspace)
                judges[history.id] = judge
                let effective = effectiveCalls(of: history, accordingTo: judge)
                calls[history.id, default: []] += effective
                for call in effective {
                    append(call, of: history, by: producer, seq: &seq, to: &entries)
                    let isDead = history.batteryIndex == ChaosBattery.wrongType && hasWrongKey
                    if isDead, letters.add(call, of: history.id) { deadCounts[producer, default: 0] += 1 }
                }
            }
            appendInterruptedDeclarations(of: producer, seq: &seq, to: &entries)
            appendLostEnds(of: producer, seq: &seq, to: &entries)
            appendRepeatedDeclarations(of: producer, seq: &seq, to: &entries)
        }
        for (id, judge) in judges { judge.judge(calls[id] ?? [], verdict: &verdict) }
        verdict.accepted += entries.count
        let deadCount = deadCounts.values.reduce(0, +)
        verdict.expectedLetters += deadCount
        var content = NaiveModel.content(of: entries, in: keyspace).withoutTimes
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

    /// Returns the calls that have an effect: the confirmed ones, and the indeterminate ones whose trace is in the indexes.
    private mutating func effectiveCalls(of history: History, accordingTo judge: ExperimentJudge) -> [Event.Body] {
        var calls: [Event.Body] = []
        for call in history.calls {
            if !call.isConfirmed {
                verdict.indeterminate += 1
                guard judge.hasTrace(of: call.body) else { continue }
                verdict.recovered += 1
            }
            calls.append(call.body)
        }
        return calls
    }

    /// Appends the entry of a call with the producer's next sequence number.
    ///
    /// The order between calls of different experiments is not reproduced, because different experiments share no
    /// event. Nor is the order between processes, whose calls for one experiment have no cell or name in common.
    private func append(
        _ body: Event.Body, of history: History, by producer: ProducerID, seq: inout Int,
        to entries: inout [StreamEntry]
    ) {
        seq += 1
        var experiment: ExperimentID? = history.id
        if case .battery = body { experiment = nil }
        entries.append(
            StreamEntry(
                id: StreamID(milliseconds: UInt64(entries.count + 1), sequence: 0),
                Event(
                    experiment: experiment, battery: history.battery,
                    origin: Event.Origin(producer: producer, seq: UInt64(seq)), time: 1, body: body)))
    }
}

// The calls whose outcome or producer the side files do not have.
extension Oracle {
    /// Matches the experiments in the indexes that no side file names with interrupted calls for a new experiment. A
    /// matched experiment is added to the histories. Every other one is a phantom.
    private mutating func addUnrecordedExperiments() {
        var recorded: Set<String> = []
        for history in logs.values.flatMap(\.histories) { recorded.insert(keyspace.experiment(history.id)) }
        let prefix = keyspace.tag + ":experiment:"
        for (key, content) in found.content.keys where key.hasPrefix(prefix) && !key.hasSuffix(":curve") {
            guard !recorded.contains(key), case .hash(let fields) = content else { continue }
            let text = String(key.dropFirst(prefix.count))
            let index = openBegins.firstIndex { begin in
                fields[ExperimentField.pid] == begin.start.pid && fields[ExperimentField.seed] == begin.start.seed
                    && fields[ExperimentField.battery] == History.battery(begin.battery).text
            }
            guard let index, let id = ExperimentID(text), let producer = ProducerID(String(text.prefix { $0 != "-" }))
            else {
                verdict.phantom.add("the experiment \(text)")
                continue
            }
            let begin = openBegins.remove(at: index)
            verdict.recovered += 1
            let calls = [Event.Body.battery(History.declaration(begin.battery)), .start(begin.start)].map {
                History.Call(body: $0, isConfirmed: true)
            }
            logs[producer, default: ProducerLog(root: producer, partitions: 1)].histories.append(
                History(id: id, batteryIndex: begin.battery, calls: calls))
        }
    }

    /// Matches the producers in the indexes that no side file names with forked children that were killed during their
    /// first call. Such a child logged at most the declaration of the inherited battery and one event.
    private mutating func addUnrecordedChildren() {
        for (producer, seq) in unrecordedProducers() where seq <= 2 && !openInheritances.isEmpty {
            let judge = { [keyspace, found] (history: History) in
                let judge = ExperimentJudge(history.id, in: found.content, keyspace: keyspace)
                return history.calls.count { judge.hasTrace(of: $0.body) }
            }
            // With one event, a child whose event is in the indexes comes first.
            let index =
                openInheritances.firstIndex { judge($0.history) == seq }
                ?? openInheritances.firstIndex { judge($0.history) < seq } ?? 0
            let open = openInheritances.remove(at: index)
            logs[producer] = ProducerLog(histories: [open.history], root: open.root, partitions: open.partitions)
        }
    }

    /// Adds the producers in the indexes that no side file names. A kill interrupted their first call, after only the
    /// declaration of the battery was logged.
    private mutating func addUnrecordedProducers() {
        for (producer, _) in unrecordedProducers() {
            guard let index = openBegins.firstIndex(where: { $0.producer == nil }) else { continue }
            logs[producer] = ProducerLog(root: producer, partitions: 1)
            openBegins[index].producer = producer
        }
    }

    private func unrecordedProducers() -> [(ProducerID, seq: Int)] {
        let prefix = keyspace.tag + ":producer:"
        return found.content.keys.keys.filter { $0.hasPrefix(prefix) }.sorted().compactMap { key in
            guard let producer = ProducerID(String(key.dropFirst(prefix.count))), logs[producer] == nil else {
                return nil
            }
            return (producer, watermark(of: producer) ?? 0)
        }
    }

    private func watermark(of producer: ProducerID) -> Int? {
        guard case .hash(let fields) = found.content.keys[keyspace.producer(producer)] else { return nil }
        return fields[ProducerField.seq].flatMap { Int($0) }
    }

    /// Appends the declarations that interrupted calls logged without an experiment. Such declarations have the
    /// producer's last sequence numbers, so they exist if the producer's watermark is higher than the number of its
    /// calls.
    private mutating func appendInterruptedDeclarations(
        of producer: ProducerID, seq: inout Int, to entries: inout [StreamEntry]
    ) {
        guard let watermark = watermark(of: producer) else { return }
        while seq < watermark, let index = openBegins.firstIndex(where: { $0.producer == producer }) {
            let battery = openBegins.remove(at: index).battery
            verdict.recovered += 1
            appendDeclaration(of: battery, by: producer, seq: &seq, to: &entries)
        }
    }

    /// Appends the ends of the experiments that a process has left open. The client that adopts its journal writes them with
    /// the next sequence numbers.
    ///
    /// Their trace is the status `lost`, or, if a forked child has ended the experiment, the watermark of the process. An
    /// experiment that the process itself has ended must not be lost.
    private func appendLostEnds(of producer: ProducerID, seq: inout Int, to entries: inout [StreamEntry]) {
        let histories = logs[producer]?.histories.filter { !$0.isInherited } ?? []
        let statuses = histories.map { status(of: $0.id) }
        for (history, status) in zip(histories, statuses) where status == ExperimentStatus.lost.rawValue {
            append(.end(.lost, reason: nil), of: history, by: producer, seq: &seq, to: &entries)
        }
        let watermark = watermark(of: producer) ?? 0
        for (history, status) in zip(histories, statuses) where seq < watermark {
            let hasChildEnded = status == ExperimentStatus.done.rawValue && !history.hasEnd
            guard hasChildEnded else { continue }
            append(.end(.lost, reason: nil), of: history, by: producer, seq: &seq, to: &entries)
        }
    }

    private func status(of experiment: ExperimentID) -> String? {
        guard case .hash(let fields)? = found.content.keys[keyspace.experiment(experiment)] else { return nil }
        return fields[ExperimentField.status]
    }

    /// Appends the declarations of inherited batteries that a forked child has repeated, at most one per battery.
    private func appendRepeatedDeclarations(of producer: ProducerID, seq: inout Int, to entries: inout [StreamEntry]) {
        guard let watermark = watermark(of: producer) else { return }
        for battery in (logs[producer]?.inheritedBatteries ?? []).sorted() where seq < watermark {
            appendDeclaration(of: battery, by: producer, seq: &seq, to: &entries)
        }
    }

    private func appendDeclaration(
        of battery: Int, by producer: ProducerID, seq: inout Int, to entries: inout [StreamEntry]
    ) {
        let history = History(id: ExperimentID(producer: producer, number: 0), batteryIndex: battery, calls: [])
        append(.battery(History.declaration(battery)), of: history, by: producer, seq: &seq, to: &entries)
    }
}
