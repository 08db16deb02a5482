import ChaosLog
import Foundation
import HyperoSchema
import TestSupport

/// The judge of a run in which the server forgets everything (FLUSHALL), again and again.
///
/// Events that were durable before may be gone, so the indexes are not those of all calls. What must hold after the last
/// FLUSHALL is less, and exact:
///
/// - Each event that was logged afterwards is in the indexes, once the dead letters were requeued. An event of a process that
///   has ended soon may remain a dead letter, if no other process has declared its battery again.
/// - A cell or name that was logged again may have its earlier value: the earlier event is sent again once the client has
///   noticed the loss, and is applied after the later one.
/// - The experiments that were open in a process that has lived on, and has sent all that it had to send, have their starts,
///   hyper-parameters and metadata.
/// - If `flush(until: .applied)` was called afterwards and returned true, each event that its thread had logged before the call
///   is in the indexes, however old.
/// - The indexes contain no other experiment, cell, name or end than those that were logged. Lists and rankings contain the
///   experiments that exist, with the values of their hashes, and the maxima are those of the best row.
struct FlushedJudge {
    private let calls: SideCalls
    private let found: [FoundPartition]
    private var verdict = Verdict()

    /// - Parameters:
    ///   - calls: the calls of all threads.
    ///   - found: all partitions, after the dead letters were requeued.
    static func judge(_ calls: SideCalls, against found: [FoundPartition]) -> Verdict {
        var judge = FlushedJudge(calls: calls, found: found)
        judge.verdict.dropped = calls.dropped
        judge.verdict.producers = calls.threadCount
        for partition in found {
            judge.addPhantomExperiments(of: partition)
            judge.judgeLists(of: partition)
        }
        for (id, experiment) in calls.experiments { judge.judge(id, experiment) }
        return judge.verdict
    }

    private init(calls: SideCalls, found: [FoundPartition]) {
        (self.calls, self.found) = (calls, found)
    }

    // MARK: - Experiments

    private mutating func judge(_ id: ExperimentID, _ experiment: SideCalls.Experiment) {
        let partition = found.first { $0.content.keys[$0.keyspace.experiment(id)] != nil } ?? found.first
        guard let partition else { return }
        let judge = ExperimentJudge(id, in: partition.content, keyspace: partition.keyspace)
        verdict.experiments += 1
        let remaining = partition.deadLetters.contains { $0.text(of: EventField.experiment) == id.text }
        for call in experiment.calls where call.isRequired {
            verdict.accepted += 1
            if call.isFlushed { verdict.confirmed += 1 }
            guard !Self.hasTrace(of: call.body, judge), !isReplaced(call, in: experiment, judge) else { continue }
            if !experiment.isSettled, remaining { continue }
            verdict.lost.add("\(id.text): \(call.body.kind.rawValue) \(call.claim)")
        }
        judge.addUnlogged(to: &verdict, expected: ExpectedValues([experiment.attempt]))
    }

    private static func hasTrace(of body: Event.Body, _ judge: ExperimentJudge) -> Bool {
        guard case .start(let start) = body else { return judge.hasTrace(of: body) }
        return judge.hasProcess(of: start)
    }

    /// Returns whether another call has replaced the values of a call: a later one, or an earlier one that was sent again or
    /// requeued, and so applied after it.
    private func isReplaced(
        _ call: SideCalls.Call, in experiment: SideCalls.Experiment, _ judge: ExperimentJudge
    ) -> Bool {
        experiment.calls.contains { other in
            other.position != call.position && call.body.isReplaced(by: other.body) && judge.hasTrace(of: other.body)
        }
    }

    private mutating func addPhantomExperiments(of partition: FoundPartition) {
        let prefix = partition.keyspace.tag + ":experiment:"
        for (key, content) in partition.content.keys where key.hasPrefix(prefix) && !key.hasSuffix(":curve") {
            guard case .hash(let fields) = content, let id = ExperimentID(String(key.dropFirst(prefix.count))) else {
                continue
            }
            guard let experiment = calls.experiments[id] else {
                // The start of an interrupted call may be missing, but not its process.
                let producer = String(id.text.prefix { $0 != "-" })
                let isInterrupted = calls.interrupted.contains { begin in
                    begin.pid == fields[ExperimentField.pid] || begin.producer == producer
                }
                if !isInterrupted { verdict.phantom.add("the experiment \(id.text)") }
                continue
            }
            let isEnded = experiment.calls.contains(where: \.body.isEnd)
            if fields[ExperimentField.status] == ExperimentStatus.done.rawValue, !isEnded {
                verdict.phantom.add("\(id.text): the end")
            }
        }
    }

    // MARK: - Lists

    private mutating func judgeLists(of partition: FoundPartition) {
        let (keyspace, keys) = (partition.keyspace, partition.content.keys)
        for index in ChaosBattery.all.indices {
            let battery = History.battery(index)
            var members: Set<String> = []
            var scores: [String: [String: Double]] = [:]
            let others = [ExperimentField.maxEpoch, ExperimentField.maxSource, ExperimentField.maxStated]
            for experiment in calls.experiments.keys {
                guard case .hash(let fields)? = keys[keyspace.experiment(experiment)],
                    fields[ExperimentField.battery] == battery.text
                else { continue }
                let id = experiment.text
                members.insert(id)
                for (field, value) in fields where field.hasPrefix(Prefix.max) && !others.contains(field) {
                    guard let score = Double(value), score.isFinite else { continue }
                    scores[String(field.dropFirst(Prefix.max.count)), default: [:]][id] = score
                }
                judgeMaxima(of: experiment, index, fields, partition)
            }
            compare(keyspace.experiments(of: battery), members.isEmpty ? nil : members, in: partition) { Set($0.keys) }
            for channel in ["valid", "tick", "loss"] {
                compare(keyspace.rank(of: battery, by: channel), scores[channel], in: partition) { $0 }
            }
        }
    }

    private mutating func compare<Value: Equatable>(
        _ key: String, _ expected: Value?, in partition: FoundPartition, value: ([String: Double]) -> Value
    ) {
        var members: [String: Double]?
        if case .sortedSet(var found)? = partition.content.keys[key] {
            // Not those of interrupted calls, whose ids no side file has.
            found = found.filter { member, _ in ExperimentID(member).map { calls.experiments[$0] != nil } ?? true }
            members = found.isEmpty ? nil : found
        }
        guard members.map(value) != expected else { return }
        verdict.differences +=
            (verdict.differences.isEmpty ? "" : "\n") + "\(key): the members are not those of the hashes"
    }

    /// Compares the maxima of an experiment that come from its curve with the best row.
    private mutating func judgeMaxima(
        of id: ExperimentID, _ index: Int, _ fields: [String: String], _ partition: FoundPartition
    ) {
        guard fields[ExperimentField.maxSource] == "curve" else { return }
        let declaration = History.declaration(index)
        var best: (epoch: Int, value: Double)?
        if case .hash(let curve)? = partition.content.keys[partition.keyspace.curve(of: id)] {
            for (text, row) in curve {
                guard let epoch = Int(text), let value = CurveRow(text: row)?[declaration.objective]?.value,
                    value.isFinite
                else { continue }
                let isBetter = best.map { best in
                    let isHigher = value > best.value
                    return value == best.value ? epoch < best.epoch : isHigher == (declaration.direction == .max)
                }
                if isBetter ?? true { best = (epoch, value) }
            }
        }
        guard fields[ExperimentField.maxEpoch] != best.map({ String($0.epoch) }) else { return }
        verdict.differences +=
            (verdict.differences.isEmpty ? "" : "\n")
            + "\(id.text): max.epoch is \(fields[ExperimentField.maxEpoch] ?? "missing"), the best row is "
            + (best.map { "\($0.epoch)" } ?? "none")
    }
}

extension Event.Body {
    /// Returns whether another event sets the same cell or name.
    fileprivate func isReplaced(by other: Event.Body) -> Bool {
        switch (self, other) {
        case (.epoch(let epoch, _), .epoch(let later, _)): epoch == later
        case (.param(let entries, _), .param(let later, _)): entries.map(\.name) == later.map(\.name)
        case (.meta(let entries), .meta(let later)): entries.map(\.name) == later.map(\.name)
        default: false
        }
    }
}

extension StreamEntry {
    /// Returns the text of a field; empty if there is none.
    func text(of field: String) -> String {
        fields.last { $0.name == Array(field.utf8) }.map { String(decoding: $0.value, as: UTF8.self) } ?? ""
    }
}
