import HyperoRedis
import HyperoSchema
import HyperoSearch
import TestSupport

/// The judgement of a search: each trial has ended once, with the values that its number stands for.
struct SearchVerdict {
    var differences: [String] = []
    var faults = 0
    var processes = 0
    /// The trials that processes got and ended, as `<trial> <attempt>`, with the number of processes.
    private var got: [String: Int] = [:]
    private var ended: [String: Int] = [:]
    private var repeatedGrants = 0
    private var attempts = 0
    private var failed = 0
    private var stopped = 0
    private var refused = 0

    /// The counts on one line, and the differences.
    var text: String {
        let counts =
            "\(faults) faults, \(processes) processes, \(attempts) attempts, \(stopped) trials stopped, \(failed) failed after all their "
            + "attempts, \(refused) late ends refused, \(repeatedGrants) attempts given twice after lost writes, "
            + "\(differences.count) differences"
        return ([counts] + differences.prefix(20)).joined(separator: "\n    ")
    }

    /// Adds the counts of another search.
    mutating func add(_ other: SearchVerdict) {
        faults += other.faults
        processes += other.processes
        attempts += other.attempts
        failed += other.failed
        stopped += other.stopped
        refused += other.refused
        repeatedGrants += other.repeatedGrants
        differences += other.differences
    }

    /// Reads the file of a process.
    mutating func read(_ text: String) {
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ", maxSplits: 1).map(String.init)
            guard words.count == 2 else { continue }
            if words[0] == "got" { got[words[1], default: 0] += 1 } else { ended[words[1], default: 0] += 1 }
        }
    }

    /// Compares the search with the files of the processes.
    mutating func judge(
        _ search: SearchID, seed: UInt64, in keyspace: Keyspace, losesWrites: Bool,
        over connection: inout RedisConnection
    ) throws {
        attempts = got.values.reduce(0, +)
        repeatedGrants = got.values.reduce(0) { $0 + $1 - 1 }
        if repeatedGrants > 0, !losesWrites {
            differences.append("attempts given twice: \(got.filter { $0.value > 1 }.keys.sorted())")
        }
        let hash = try Self.hash(keyspace.search(search), over: &connection)
        refused = hash[SearchField.refused].flatMap { Int($0) } ?? 0
        if hash[SearchField.ended] != "\(SearchRun.trials)" {
            differences.append("ended: \(hash[SearchField.ended] ?? "-")")
        }
        let open = hash.keys.filter { $0.hasPrefix(SearchField.open) }
        if !open.isEmpty { differences.append("open at the end: \(open.sorted())") }

        var ends: [Int: [[String: String]]] = [:]
        for entry in try StreamEntry.all(of: keyspace.trials(of: search), from: &connection) {
            let fields = Dictionary(
                entry.fields.map {
                    (String(decoding: $0.name, as: UTF8.self), String(decoding: $0.value, as: UTF8.self))
                },
                uniquingKeysWith: { $1 })
            guard fields[TrialField.status] != ExperimentStatus.running.rawValue else { continue }
            ends[Int(fields[TrialField.trial] ?? "") ?? 0, default: []].append(fields)
        }
        for number in 1...SearchRun.trials {
            let history = ends.removeValue(forKey: number) ?? []
            guard history.count == 1, let end = history.first else {
                differences.append("trial \(number) has \(history.count) ends in the history: \(history)")
                continue
            }
            try judge(number, end, of: search, seed: seed, in: keyspace, over: &connection)
        }
        if !ends.isEmpty { differences.append("ends of unknown trials: \(ends.keys.sorted())") }
    }

    private mutating func judge(
        _ number: Int, _ end: [String: String], of search: SearchID, seed: UInt64, in keyspace: Keyspace,
        over connection: inout RedisConnection
    ) throws {
        let attempt = end[TrialField.attempt] ?? ""
        // A grant that no process has started is an attempt, and no loss.
        guard let count = Int(attempt), Limits.attempts.contains(count) else {
            differences.append("trial \(number) has ended in attempt '\(attempt)'")
            return
        }
        let status = end[TrialField.status].flatMap { ExperimentStatus(rawValue: $0) }
        switch status {
        case .done, .stopped:
            if status == .stopped { stopped += 1 }
            if ended["\(number) \(attempt)"] == nil {
                differences.append("no process has ended trial \(number) in attempt \(attempt)")
            }
        case .failed:
            failed += 1
            if count < Event.Search.defaultAttempts {
                differences.append("trial \(number) has failed in attempt \(attempt)")
            }
        case .running, .lost, nil: differences.append("trial \(number): status \(end[TrialField.status] ?? "-")")
        }
        let hash = try Self.hash(keyspace.experiment(search.experiment(ofTrial: number)), over: &connection)
        // A trial that no process has begun has no experiment.
        guard !hash.isEmpty || status != .failed else { return }
        if hash[ExperimentField.status] != end[TrialField.status] {
            differences.append(
                "trial \(number) is \(hash[ExperimentField.status] ?? "-"), the history says \(end[TrialField.status] ?? "-")"
            )
        }
        let draw = PriorSampler(seed: seed, trial: UInt64(number)).uniform("x", low: 0, high: 1)
        let value = hash[Prefix.param + "x"]
        if value != Number.text(of: draw), value != nil || status != .failed {
            differences.append("trial \(number) has x = \(value ?? "-"), not \(draw)")
        }
    }

    private static func hash(_ key: String, over connection: inout RedisConnection) throws -> [String: String] {
        var reply = try connection.call("HGETALL", key)
        return Dictionary(try reply.pairs().map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
    }
}
