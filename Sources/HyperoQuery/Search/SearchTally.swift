import HyperoSchema

/// The facts about a search that its history tells, from one entry after the other (``TrialField``).
///
/// The first end of a trial counts, as it does for samplers. Its size depends on the number of trials, and not on their
/// hyper-parameters.
struct SearchTally {
    /// The better direction of the objective; nil if it is not known, and no trial is then the best.
    private let direction: Direction?
    /// The epochs of a full training by the stopping rule; nil without a rule.
    private let fullEpochs: Int?
    private(set) var doneCount = 0
    private(set) var stoppedCount = 0
    private(set) var failedCount = 0
    /// The epochs that the ended trials have run.
    private(set) var epochs = 0
    /// The epochs that the stopped trials have not run.
    private(set) var savedEpochs = 0
    private(set) var best: SearchReport.Trial?
    private(set) var improvements: [SearchReport.Improvement] = []
    private(set) var malformedCount = 0
    /// A sentence about the first malformed entry.
    private(set) var firstProblem: String?
    private var ended: Set<Int> = []

    /// The epochs of a trial above which sums might overflow.
    private static let maxEpochs = 1 << 40

    init(direction: Direction?, fullEpochs: Int?) {
        self.direction = direction
        self.fullEpochs = fullEpochs
    }

    var endedCount: Int { ended.count }

    /// Adds an entry of the history of a search.
    mutating func add(_ entry: StreamEntryReply, of search: SearchID) {
        var texts: [ExactText: String] = [:]
        for (name, value) in entry.fields where !name.begins(with: Prefix.param) { texts[ExactText(name)] = value }
        guard let trial = texts[TrialField.trial].flatMap({ Int($0) }), (1...Limits.trials).contains(trial) else {
            return addProblem(entry, "trial must be a number from 1, not", texts[TrialField.trial])
        }
        guard let status = texts[TrialField.status].flatMap({ ExperimentStatus(rawValue: $0) }) else {
            return addProblem(entry, "status must be that of an experiment, not", texts[TrialField.status])
        }
        switch status {
        case .running, .lost: return
        case .done, .stopped, .failed: guard ended.insert(trial).inserted else { return }
        }
        let value = texts[TrialField.value].flatMap { Number(text: $0) }
        if let text = texts[TrialField.value], value == nil { addProblem(entry, "value must be a number, not", text) }
        func epoch(_ name: String) -> Int? {
            texts[name].flatMap { Int($0) }.flatMap { $0 < 0 ? nil : min($0, Self.maxEpochs) }
        }
        let last = epoch(TrialField.last) ?? epoch(TrialField.epoch) ?? 0
        epochs += last
        switch status {
        case .done: doneCount += 1
        case .stopped:
            stoppedCount += 1
            savedEpochs += max((fullEpochs ?? 0) - last, 0)
        default:
            failedCount += 1
            // The result of a training that has failed is not one of its hyper-parameters.
            return
        }
        guard let direction, let value, value.isFinite,
            best.map({ direction.prefers(value.value, over: $0.number.value) }) ?? true
        else { return }
        best = SearchReport.Trial(
            trial: trial, experiment: search.experiment(ofTrial: trial).text, status: status,
            number: value, epoch: epoch(TrialField.epoch), params: Self.params(of: entry))
        improvements.append(SearchReport.Improvement(ended: endedCount, epochs: epochs, number: value, trial: trial))
    }

    private static func params(of entry: StreamEntryReply) -> [NamedValue] {
        var seen: Set<ExactText> = []
        return entry.fields.compactMap { name, value in
            guard let name = name.dropping(prefix: Prefix.param), seen.insert(ExactText(name)).inserted else {
                return nil
            }
            return NamedValue(name: name, text: value)
        }.sorted { ExactText($0.name) < ExactText($1.name) }
    }

    private mutating func addProblem(_ entry: StreamEntryReply, _ rule: String, _ text: String?) {
        malformedCount += 1
        guard firstProblem == nil else { return }
        firstProblem = "\(printable(entry.id)): \(rule) \(text.map { "'\(printable($0))'" } ?? "none")"
    }
}
