package import HyperoSchema

/// A filter whose names are resolved to fields of a battery's experiments.
package struct BoundFilter {
    indirect enum Node {
        case and([Node])
        case or([Node])
        case not(Node)
        case test(FilterTest)
    }

    let root: Node
    /// The fields of experiments' hashes that the filter reads.
    package let fields: [String]
    /// The channels whose best values the filter compares with.
    package let bestChannels: [String]
    /// The fields that must have numbers.
    package let numericFields: [FilterNumericField]
    /// True if the filter needs the liveness of experiments.
    package let needsLiveness: Bool
    /// True if the filter needs the ranks of experiments.
    package let needsRank: Bool
    /// The names with a prefix that MLflow reads as the last value, such as `metrics.valid`.
    package let lastValueNames: [String]
    /// The indexes in ``fields`` of the values that show divergence; nil if the filter needs none.
    let divergence: FilterDivergence?
    /// The best values of ``bestChannels``; nil for a channel without finite values. The caller sets them.
    package var bests: [Double?]

    /// The values of an experiment that a filter compares.
    package struct Experiment {
        package var id: String
        package var battery: String
        package var version: Int
        package var status: ExperimentStatus?
        package var lastSeen: Int64?
        package var rank: Int?
        /// Contains the values of ``BoundFilter/fields`` in their order from an index on, nil for absent ones.
        package var values: [String?]
        package var firstValue: Int
        /// The index of the objective's value in ``BoundFilter/fields``; nil if the filter does not compare it.
        package var objective: Int?

        package init(
            id: String, battery: String, version: Int, status: ExperimentStatus? = nil, lastSeen: Int64? = nil,
            rank: Int? = nil, values: [String?], firstValue: Int = 0, objective: Int? = nil
        ) {
            self.id = id
            self.battery = battery
            self.version = version
            self.status = status
            self.lastSeen = lastSeen
            self.rank = rank
            self.values = values
            self.firstValue = firstValue
            self.objective = objective
        }

        func value(_ slot: Int) -> String? {
            let index = firstValue + slot
            return index < values.count ? values[index] : nil
        }

        func time(_ slot: Int) -> Int64? { value(slot).flatMap { Int64($0) } }
    }

    /// Returns the index of a field in ``fields``; nil if the filter does not compare it.
    package func slot(of field: String) -> Int? { fields.firstIndex { $0.hasSameBytes(as: field) } }

    /// Returns whether an experiment fulfils the filter.
    ///
    /// - Parameter now: the present in Unix milliseconds.
    package func matches(_ experiment: Experiment, now: Int64) -> Bool { holds(root, experiment, now) }

    private func holds(_ node: Node, _ experiment: Experiment, _ now: Int64) -> Bool {
        switch node {
        case .and(let parts): parts.allSatisfy { holds($0, experiment, now) }
        case .or(let parts): parts.contains { holds($0, experiment, now) }
        case .not(let part): !holds(part, experiment, now)
        case .test(let test): holds(test, experiment, now)
        }
    }

    private func holds(_ test: FilterTest, _ experiment: Experiment, _ now: Int64) -> Bool {
        // The state of the values so far: absent ones have none.
        var isAbsent = true
        var result = FilterCondition.Verdict.missing
        func add(_ value: FilterScalar) {
            isAbsent = false
            guard result != .holds else { return }
            switch test.condition.verdict(of: value, bests: bests) {
            case .missing: break
            case .fails: result = .fails
            case .holds: result = .holds
            }
        }
        forEachValue(of: test.source, comparesWholes: test.condition.comparesWholes, experiment, now, add)
        if case .state(.null) = test.condition { return isAbsent != test.isNegated }
        return result == (test.isNegated ? .fails : .holds)
    }

    private func forEachValue(
        of source: FilterSource, comparesWholes: Bool, _ experiment: Experiment, _ now: Int64,
        _ body: (FilterScalar) -> Void
    ) {
        switch source {
        case .slot(let slot):
            if let text = experiment.value(slot) {
                FilterScalar.forEach(in: text, includesWhole: comparesWholes, body)
            } else if slot == experiment.objective, divergence?.isShown(by: experiment) ?? false {
                body(.number(.nan))
            }
        case .id: body(.text(experiment.id))
        case .battery: body(.text(experiment.battery))
        case .status: if let status = experiment.status { body(.text(status.rawValue)) }
        case .version: body(.number(Double(experiment.version)))
        case .rank: if let rank = experiment.rank { body(.number(Double(rank))) }
        case .seen: if let time = experiment.lastSeen { body(.number(Double(time))) }
        case .duration(let started, let updated):
            if let first = experiment.time(started), let last = experiment.time(updated) {
                body(.number(Self.seconds(from: first, to: last)))
            }
        case .since(let slot):
            if let time = experiment.time(slot) { body(.number(Self.seconds(from: time, to: now))) }
        case .none: break
        }
    }

    private static func seconds(from start: Int64, to end: Int64) -> Double {
        Double(end.subtractingReportingOverflow(start).partialValue) / 1_000
    }
}
