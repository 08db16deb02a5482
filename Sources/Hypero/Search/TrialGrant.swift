import HyperoSchema

/// A trial that a process got, with what the training and the sampler need of it.
struct TrialGrant {
    /// The claim.
    let token: Event.Origin
    /// The number of the trial, 1, 2, ….
    let number: Int
    /// The number of the process among those that got the trial: 1, 2, ….
    let attempt: Int
    /// The enqueued point, a JSON object; nil for none.
    let point: String?
    /// The fields of the experiment's hash, from the second attempt on. They have the hyper-parameters of the first one.
    var experiment: [(name: String, value: String)] = []
    /// The sampler of the first declaration of the search; nil if it is not known.
    var sampler: Search.Sampler?
    /// true if the first declaration of the search has a rule that stops trainings; nil if it is not known.
    var isStoppable: Bool?
    /// The direction of the first declaration of the battery; nil if it is not known.
    var direction: Direction?
    /// The distributions of the hyper-parameters of the search, by name.
    var spaces: [ExactText: String] = [:]
    /// The entries of the history after the last known one, and the id of the last one.
    var history: [(id: StreamID, fields: [(name: String, value: String)])] = []
    var lastEntry: String?

    /// Parses the value of a field `grant.<seq>`: `2 1 {"lr":0.003}`. nil if it is malformed, or ``ProducerField/lostGrant``.
    init?(_ text: String, token: Event.Origin) {
        let words = text.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
        guard words.count >= 2, let number = Int(words[0]), (1...Limits.trials).contains(number),
            let attempt = Int(words[1]), Limits.attempts.contains(attempt)
        else { return nil }
        self.token = token
        self.number = number
        self.attempt = attempt
        point = words.count == 3 ? String(words[2]) : nil
    }

    /// The last epoch with a row of the earlier attempts; 0 for none.
    var lastEpoch: Int {
        experiment.first { $0.name == ExperimentField.epochs }.flatMap { Int($0.value) } ?? 0
    }

    /// The names of the enqueued point for which no earlier attempt has asked.
    var newNames: [ExactText] {
        let known = Set(experiment.compactMap { $0.name.dropping(prefix: Prefix.param).map { ExactText($0) } })
        return pointValues.map { ExactText($0.name) }.filter { !known.contains($0) }
    }

    /// The values of the enqueued point; empty without one.
    private var pointValues: [(name: String, value: Value)] {
        guard let point, case .object(let members)? = Value(json: point) else { return [] }
        return members.map { ($0.name, $0.value) }
    }

    /// The values that the hyper-parameters must have: those of the earlier attempts, else those of the enqueued point.
    var fixedValues: [ExactText: Value] {
        var values: [ExactText: Value] = [:]
        for (name, value) in pointValues { values[ExactText(name)] = value }
        for (name, value) in experiment {
            if let name = name.dropping(prefix: Prefix.param) { values[ExactText(name)] = Value(text: value) }
        }
        return values
    }
}
