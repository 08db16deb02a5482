package import HyperoSchema

extension PastTrial {
    /// Creates a trial from an entry of the history of its search (``TrialField``).
    ///
    /// A hyper-parameter counts if its distribution is known and could have drawn the value.
    ///
    /// - Parameters:
    ///   - fields: The fields of the entry. `space.<name>` is the distribution of a hyper-parameter that differs from that of `spaces`.
    ///   - spaces: The distributions of the search's hyper-parameters, by name.
    /// - Returns: nil for an entry that teaches nothing: of a trial that has failed or is lost, or a malformed one.
    package init?(entry fields: [(name: String, value: String)], spaces: [ExactText: Distribution]) {
        func text(_ name: String) -> String? { fields.first { $0.name == name }?.value }
        guard let number = text(TrialField.trial).flatMap({ Int($0) }),
            let status = text(TrialField.status).flatMap({ ExperimentStatus(rawValue: $0) })
        else { return nil }
        let value = text(TrialField.value).flatMap { Number(text: $0) }?.value ?? .nan
        let outcome: Outcome
        switch status {
        case .running: outcome = .running
        case .done: outcome = .finished(value: value)
        case .stopped:
            let last = text(TrialField.last) ?? text(TrialField.epoch)
            outcome = .stopped(epoch: last.flatMap { Int($0) } ?? 0, value: value)
        case .failed, .lost: return nil
        }
        var own: [ExactText: Distribution] = [:]
        for (name, value) in fields {
            if let name = name.dropping(prefix: Prefix.space) { own[ExactText(name)] = Distribution(text: value) }
        }
        let parameters = fields.compactMap { name, value -> Parameter? in
            guard let name = name.dropping(prefix: Prefix.param),
                let distribution = own[ExactText(name)] ?? spaces[ExactText(name)],
                let value = DrawnValue(Value(text: value), from: distribution)
            else { return nil }
            return Parameter(name, distribution, value)
        }
        self.init(number: number, outcome, parameters)
    }
}
