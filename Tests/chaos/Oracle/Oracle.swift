import HyperoSchema
import TestSupport

/// Judges a run: what producers wrote down, against what the indexes hold.
struct Oracle {
    private let keyspace: Keyspace
    private var sides: SideReader
    private let found: PartitionContent
    private var verdict = Verdict()
    /// Calls for a new experiment of which at most the declaration of its battery was made.
    private var open: [SideReader.OpenBegin]

    static func judge(_ sides: SideReader, _ found: PartitionContent, in keyspace: Keyspace) -> Verdict {
        var oracle = Oracle(keyspace: keyspace, sides: sides, found: found)
        oracle.judge()
        return oracle.verdict
    }

    private init(keyspace: Keyspace, sides: SideReader, found: PartitionContent) {
        self.keyspace = keyspace
        self.sides = sides
        self.found = found
        open = sides.openBegins
    }

    private mutating func judge() {
        var histories = sides.histories
        takeUnknown(into: &histories)
        addFirstDeclarations(to: &histories)
        var expected = PartitionContent()
        for (producer, histories) in histories {
            var entries: [StreamEntry] = []
            for history in histories {
                let judge = ExperimentJudge(history, in: found, keyspace)
                let calls = made(history, judge)
                judge.judge(calls, &verdict)
                for call in calls { append(call, of: history, producer, to: &entries) }
            }
            addDeclarations(of: producer, to: &entries)
            verdict.accepted += entries.count
            expected.merge(NaiveModel.content(of: entries, in: keyspace).withoutTimes)
        }
        verdict.producers = histories.count
        verdict.experiments = histories.values.reduce(0) { $0 + $1.count }
        verdict.dropped = sides.dropped
        verdict.deduplicated = found.counts.duplicates
        // How often something was sent twice depends on the faults.
        expected.counts.duplicates = found.counts.duplicates
        verdict.differences = found.withoutTimes.differences(fromExpected: expected)
    }

    /// The calls that were made, as far as their traces tell.
    private mutating func made(_ history: History, _ judge: ExperimentJudge) -> [Event.Body] {
        var calls: [Event.Body] = []
        for call in history.calls {
            if !call.isSure {
                verdict.unsure += 1
                guard judge.isTraced(call.body) else { continue }
                verdict.unsureFound += 1
            }
            calls.append(call.body)
        }
        return calls
    }

    /// Experiments that no side file names: those of calls whose outcome could not be written down are taken up, the
    /// others are phantoms.
    private mutating func takeUnknown(into histories: inout [ProducerID: [History]]) {
        var known: Set<String> = []
        for history in histories.values.joined() { known.insert(keyspace.experiment(history.id)) }
        verdict.unsure += open.count
        let prefix = keyspace.tag + ":experiment:"
        for (key, content) in found.keys where key.hasPrefix(prefix) && !key.hasSuffix(":curve") {
            guard !known.contains(key), case .hash(let fields) = content else { continue }
            let text = String(key.dropFirst(prefix.count))
            let index = open.firstIndex { begin in
                fields[ExperimentField.pid] == begin.start.pid && fields[ExperimentField.seed] == begin.start.seed
                    && fields[ExperimentField.battery] == History.battery(begin.battery).text
            }
            guard let index, let id = ExperimentID(text), let producer = ProducerID(String(text.prefix { $0 != "-" }))
            else {
                verdict.phantom.add("the experiment \(text)")
                continue
            }
            let begin = open.remove(at: index)
            verdict.unsureFound += 1
            let calls = [Event.Body.battery(History.declaration(begin.battery)), .start(begin.start)].map {
                History.Call(body: $0, isSure: true)
            }
            histories[producer, default: []].append(
                History(id: id, battery: History.battery(begin.battery), calls: calls))
        }
    }

    /// Producers that no side file names and that came no further than a declaration.
    private mutating func addFirstDeclarations(to histories: inout [ProducerID: [History]]) {
        let prefix = keyspace.tag + ":producer:"
        for key in found.keys.keys where key.hasPrefix(prefix) {
            guard let producer = ProducerID(String(key.dropFirst(prefix.count))), histories[producer] == nil,
                let index = open.firstIndex(where: { $0.producer == nil })
            else { continue }
            histories[producer] = []
            open[index].producer = producer
        }
    }

    /// The declarations that killed calls of a producer left alone: its last numbers, when it has more than its calls.
    private mutating func addDeclarations(of producer: ProducerID, to entries: inout [StreamEntry]) {
        guard case .hash(let fields) = found.keys[keyspace.producer(producer)],
            let seq = fields[ProducerField.seq].flatMap({ Int($0) })
        else { return }
        while entries.count < seq, let index = open.firstIndex(where: { $0.producer == producer }) {
            let battery = open.remove(at: index).battery
            verdict.unsureFound += 1
            let history = History(
                id: ExperimentID(producer: producer, number: 0), battery: History.battery(battery), calls: [])
            append(.battery(History.declaration(battery)), of: history, producer, to: &entries)
        }
    }

    /// The entry of a call; the order among experiments does not matter, as they have no events in common.
    private func append(
        _ body: Event.Body, of history: History, _ producer: ProducerID, to entries: inout [StreamEntry]
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
