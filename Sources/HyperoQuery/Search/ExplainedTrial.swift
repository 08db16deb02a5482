import HyperoSchema
import HyperoSearch

/// A trial whose values are compared with those that its sampler computes again.
struct ExplainedTrial {
    private enum Sampler {
        case prior(PriorSampler)
        case tpe(TPESampler)
    }

    let search: StoredSearch
    let number: Int
    let attempt: Int
    /// The values as recorded, by name.
    let params: [NamedValue]
    let meta: [NamedValue]
    /// The distributions by name.
    let distributions: [ExactText: Distribution]
    private let sampler: Sampler?

    /// The difference of numbers that math libraries explain, relative to the value.
    private static let tolerance = 1e-9

    /// - Parameters:
    ///   - hash: the fields of the experiment.
    ///   - distributions: the distributions of the search and of the trial, by name.
    ///   - history: the past trials that the sampler knew; nil if they are not known.
    init(
        _ number: Int, of search: StoredSearch, hash: ExperimentHash, distributions: [ExactText: Distribution],
        history: SearchHistory?
    ) {
        self.search = search
        self.number = number
        self.distributions = distributions
        attempt = hash.fields[ExperimentField.attempt].flatMap { Int($0) } ?? 1
        (params, meta) = (hash.params, hash.meta)
        guard let seed = UInt64(search.seed) else {
            sampler = nil
            return
        }
        switch (search.sampler, history) {
        case (Self.random?, _): sampler = .prior(PriorSampler(seed: seed, trial: UInt64(number)))
        case (Self.tpe?, let history?):
            sampler = .tpe(TPESampler(seed: seed, trial: UInt64(number), history: history))
        default: sampler = nil
        }
    }

    /// The names of the samplers.
    static let tpe = "tpe"
    static let random = "random"

    var counts: TrialExplanation.TrialCounts? {
        guard case .tpe(let sampler)? = sampler else { return nil }
        return sampler.trialCounts.map { TrialExplanation.TrialCounts(good: $0.good, bad: $0.bad) }
    }

    /// The hyper-parameters with their origins.
    var parameters: [TrialExplanation.Parameter] {
        var parameters = params.map(parameter)
        assignPoint(to: &parameters)
        return parameters
    }

    private func parameter(_ param: NamedValue) -> TrialExplanation.Parameter {
        guard let distribution = distributions[param.name] else {
            return TrialExplanation.Parameter(
                name: param.name, value: param.text, distribution: nil, origin: .program, point: nil, good: nil,
                aloneCounts: nil, computed: nil, isEqual: nil)
        }
        var (origin, value) = (TrialExplanation.Origin.unknown, DrawnValue?.none)
        var good: TrialExplanation.GoodValues?
        var counts: TrialExplanation.TrialCounts?
        switch sampler {
        case .prior(let sampler): (origin, value) = (.distribution, sampler.value(of: param.name, from: distribution))
        case .tpe(let sampler):
            value = sampler.value(of: param.name, from: distribution)
            good = Self.summary(of: sampler.goodValues(of: param.name, from: distribution), distribution)
            switch sampler.basis(of: param.name, from: distribution) {
            case .distribution: origin = .distribution
            case .together: origin = .together
            case .alone(let good, let bad):
                (origin, counts) = (.alone, TrialExplanation.TrialCounts(good: good, bad: bad))
            }
        case nil: break
        }
        value = value.map { rounded($0, of: param.name, from: distribution) }
        var isEqual = value.map { Self.isEqual($0, to: param.value, distribution) }
        if attempt > 1 {
            // The first attempt has drawn, and only the history of the latest start is recorded.
            origin = .attempt
            if isEqual == false { isEqual = nil }
        }
        return TrialExplanation.Parameter(
            name: param.name, value: param.text, distribution: distribution.text, origin: origin, point: nil,
            good: good,
            aloneCounts: counts, computed: value.map { Self.text(of: $0, distribution) }, isEqual: isEqual)
    }

    /// Returns the value that a program has recorded after a draw for a grid, which the metadata `step: <name>` tells: the next value of
    /// those in the middle of parts of the distribution's range that are one step wide.
    private func rounded(
        _ value: DrawnValue, of name: String, from distribution: Distribution
    ) -> DrawnValue {
        guard case .number(let number) = value,
            let step = meta.first(where: { $0.name.hasSameBytes(as: "step: \(name)") }).flatMap({ Double($0.text) }),
            step > 0, step.isFinite
        else { return value }
        let bounds: (low: Double, high: Double)
        switch distribution {
        case .uniform(let low, let high), .logUniform(let low, let high): bounds = (low + step / 2, high - step / 2)
        default: return value
        }
        let index = ((number - bounds.low) / step).rounded(.toNearestOrEven)
        return .number(max(min(bounds.low + step * index, bounds.high), bounds.low))
    }

    // MARK: Enqueued points

    /// Finds the enqueued point of the trial. While the trial is open, its state has the number. An ended one has the point whose
    /// values it has all, if one of them is not explained otherwise.
    private func assignPoint(to parameters: inout [TrialExplanation.Parameter]) {
        if let open = search.open[number] {
            guard let point = open.point, let values = values(ofPoint: point) else { return }
            return assign(point, values, to: &parameters)
        }
        let unexplained = Set(parameters.filter { $0.isEqual != true && attempt == 1 }.map { ExactText($0.name) })
        guard !unexplained.isEmpty, search.grantedPoints > 0 else { return }
        for point in 1...min(search.grantedPoints, Limits.points) {
            guard let values = values(ofPoint: point), values.keys.contains(where: unexplained.contains),
                hasAll(values, parameters)
            else { continue }
            return assign(point, values, to: &parameters)
        }
    }

    private func values(ofPoint number: Int) -> [ExactText: Value]? {
        guard let text = search.points[number], case .object(let members)? = Value(json: text) else { return nil }
        return Dictionary(members.map { (ExactText($0.name), $0.value) }) { first, _ in first }
    }

    /// Returns whether the trial has a point's values: each one, unless its metadata says that the distribution cannot draw it.
    private func hasAll(_ values: [ExactText: Value], _ parameters: [TrialExplanation.Parameter]) -> Bool {
        parameters.allSatisfy { parameter in
            guard let value = values[parameter.name] else { return true }
            return isUnfit(parameter.name) || isSame(parameter, value)
        }
    }

    private func isUnfit(_ name: String) -> Bool { meta.contains { $0.name.hasSameBytes(as: "not used: \(name)") } }

    private func isSame(_ parameter: TrialExplanation.Parameter, _ value: Value) -> Bool {
        guard let distribution = distributions[parameter.name] else {
            return Value(text: parameter.value) == value
        }
        return DrawnValue(value, from: distribution).map {
            Self.isEqual($0, to: Value(text: parameter.value), distribution)
        } ?? false
    }

    private func assign(
        _ point: Int, _ values: [ExactText: Value], to parameters: inout [TrialExplanation.Parameter]
    ) {
        for index in parameters.indices {
            let name = parameters[index].name
            guard let value = values[name], !isUnfit(name) else { continue }
            (parameters[index].origin, parameters[index].point) = (.point, point)
            parameters[index].isEqual = isSame(parameters[index], value)
        }
    }

    // MARK: Values

    private static func isEqual(_ drawn: DrawnValue, to recorded: Value, _ distribution: Distribution) -> Bool {
        switch (drawn, DrawnValue(recorded, from: distribution)) {
        case (.number(let computed), .number(let recorded)?):
            abs(computed - recorded) <= tolerance * max(abs(computed), abs(recorded))
        case (.choice(let computed), .choice(let recorded)?):
            // Two choices may have the same text.
            text(of: .choice(computed), distribution).hasSameBytes(as: text(of: .choice(recorded), distribution))
        case (let computed, let recorded): computed == recorded
        }
    }

    private static func text(of value: DrawnValue, _ distribution: Distribution) -> String {
        switch (value, distribution) {
        case (.number(let number), _): Number.text(of: number)
        case (.integer(let integer), _): String(integer)
        case (.choice(let index), .categorical(let choices, _)) where choices.indices.contains(index):
            choices[index].text
        case (.choice(let index), _): String(index)
        }
    }

    private static func summary(
        of values: [DrawnValue], _ distribution: Distribution
    ) -> TrialExplanation.GoodValues? {
        let numbers = values.compactMap { value -> Double? in
            switch value {
            case .number(let number): number
            case .integer(let integer): Double(integer)
            case .choice: nil
            }
        }
        if let low = numbers.min(), let high = numbers.max() { return .range(low, high) }
        guard !values.isEmpty else { return nil }
        var counts: [TrialExplanation.ChoiceCount] = []
        for value in values {
            let text = text(of: value, distribution)
            if let index = counts.firstIndex(where: { $0.choice.hasSameBytes(as: text) }) {
                counts[index].count += 1
            } else {
                counts.append(TrialExplanation.ChoiceCount(choice: text, count: 1))
            }
        }
        return .choices(counts.sorted { ($1.count, $0.choice) < ($0.count, $1.choice) })
    }
}
