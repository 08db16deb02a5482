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
struct Oracle {
    private let keyspace: Keyspace
    private var sides: SideReader
    private let found: PartitionContent
    private var verdict = Verdict()
    /// The interrupted calls for a new experiment that are not matched with an experiment in the indexes yet. The calls
    /// that remain unmatched logged at most the declaration of the battery.
    private var openBegins: [SideReader.OpenBegin]

    static func judge(_ sides: SideReader, against found: PartitionContent, in keyspace: Keyspace) -> Verdict {
        var oracle = Oracle(sides: sides, found: found, keyspace: keyspace)
        oracle.judge()
        return oracle.verdict
    }

    private init(sides: SideReader, found: PartitionContent, keyspace: Keyspace) {
        self.keyspace = keyspace
        self.sides = sides
        self.found = found
        openBegins = sides.openBegins
    }

    private mutating func judge() {
        var histories = sides.histories
        addUnrecordedExperiments(to: &histories)
        addUnrecordedProducers(to: &histories)
        var expected = PartitionContent()
        for (producer, histories) in histories {
            var entries: [StreamEntry] = []
            for history in histories {
                let judge = ExperimentJudge(history, in: found, keyspace: keyspace)
                let calls = effectiveCalls(of: history, accordingTo: judge)
                judge.judge(calls, verdict: &verdict)
                for call in calls { append(call, of: history, by: producer, to: &entries) }
            }
            appendInterruptedDeclarations(of: producer, to: &entries)
            verdict.accepted += entries.count
            expected.merge(NaiveModel.content(of: entries, in: keyspace).withoutTimes)
        }
        verdict.producers = histories.count
        verdict.experiments = histories.values.reduce(0) { $0 + $1.count }
        verdict.dropped = sides.dropped
        verdict.deduplicated = found.counts.duplicates
        // The number of duplicates depends on the faults, not on the calls.
        expected.counts.duplicates = found.counts.duplicates
        verdict.differences = found.withoutTimes.differences(fromExpected: expected)
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

    /// Matches the experiments in the indexes that no side file names with interrupted calls for a new experiment. A
    /// matched experiment is added to the histories. Every other one is a phantom.
    private mutating func addUnrecordedExperiments(to histories: inout [ProducerID: [History]]) {
        var recorded: Set<String> = []
        for history in histories.values.joined() { recorded.insert(keyspace.experiment(history.id)) }
        verdict.indeterminate += openBegins.count
        let prefix = keyspace.tag + ":experiment:"
        for (key, content) in found.keys where key.hasPrefix(prefix) && !key.hasSuffix(":curve") {
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
            histories[producer, default: []].append(
                History(id: id, battery: History.battery(begin.battery), calls: calls))
        }
    }

    /// Adds the producers in the indexes that no side file names. A kill interrupted their first call, after only the
    /// declaration of the battery was logged.
    private mutating func addUnrecordedProducers(to histories: inout [ProducerID: [History]]) {
        let prefix = keyspace.tag + ":producer:"
        for key in found.keys.keys where key.hasPrefix(prefix) {
            guard let producer = ProducerID(String(key.dropFirst(prefix.count))), histories[producer] == nil,
                let index = openBegins.firstIndex(where: { $0.producer == nil })
            else { continue }
            histories[producer] = []
            openBegins[index].producer = producer
        }
    }

    /// Appends the declarations that interrupted calls logged without an experiment. Such declarations have the
    /// producer's last sequence numbers, so they exist if the producer's watermark is higher than the number of its
    /// calls.
    private mutating func appendInterruptedDeclarations(of producer: ProducerID, to entries: inout [StreamEntry]) {
        guard case .hash(let fields) = found.keys[keyspace.producer(producer)],
            let seq = fields[ProducerField.seq].flatMap({ Int($0) })
        else { return }
        while entries.count < seq, let index = openBegins.firstIndex(where: { $0.producer == producer }) {
            let battery = openBegins.remove(at: index).battery
            verdict.recovered += 1
            let history = History(
                id: ExperimentID(producer: producer, number: 0), battery: History.battery(battery), calls: [])
            append(.battery(History.declaration(battery)), of: history, by: producer, to: &entries)
        }
    }

    /// Appends the entry of a call with the producer's next sequence number.
    ///
    /// The order between calls of different experiments is not reproduced, because different experiments share no
    /// event.
    private func append(
        _ body: Event.Body, of history: History, by producer: ProducerID, to entries: inout [StreamEntry]
    ) {
        let seq = UInt64(entries.count + 1)
        var experiment: ExperimentID? = history.id
        if case .battery = body { experiment = nil }
        entries.append(
            StreamEntry(
                id: StreamID(milliseconds: seq, sequence: 0),
                Event(
                    experiment: experiment, battery: history.battery,
                    origin: Event.Origin(producer: producer, seq: seq), time: 1, body: body)))
    }
}
