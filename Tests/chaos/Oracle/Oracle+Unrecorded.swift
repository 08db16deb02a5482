import ChaosLog
import HyperoSchema
import TestSupport

// The calls whose experiment or producer the side files do not have.
extension Oracle {
    /// Matches the experiments in the indexes that no side file names with interrupted calls for a new experiment. A
    /// matched experiment is added to the histories. Every other one is a phantom.
    mutating func addUnrecordedExperiments() {
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
            let declaration = History.declaration(begin.battery, variant: begin.variant)
            let calls = [Event.Body.battery(declaration), .start(begin.start)].map {
                History.Call(body: $0, isConfirmed: true)
            }
            logs[producer, default: ProducerLog(root: producer, partitions: 1)].histories.append(
                History(id: id, batteryIndex: begin.battery, calls: calls))
        }
    }

    /// Matches the producers in the indexes that no side file names with forked children that were killed during their
    /// first call. Such a child logged at most the declaration of the inherited battery and one event.
    mutating func addUnrecordedChildren() {
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
    mutating func addUnrecordedProducers() {
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
}
