/// The objectives and the hyper-parameters of experiments, as PED-ANOVA needs them.
///
///     var data = ImportanceData(parameters: ["lr", "depth"].map { ParameterValues($0, scales: [nil]) })
///     data.append(objective: 0.98, values: ["0.01", "3"])
///     let importance = Importance(of: data, lowestIsBest: false)
public struct ImportanceData: Sendable {
    /// The finite objectives.
    public private(set) var objectives: [Double] = []
    /// The group of each experiment, an index of the scales of a hyper-parameter.
    private(set) var groups: [Int32] = []
    /// The values of the hyper-parameters, one per objective.
    public private(set) var parameters: [ParameterValues]
    /// The number of experiments whose objective is nan or infinite. They are left out.
    public private(set) var nonfiniteCount = 0
    /// The number of experiments without an objective. They are left out.
    public private(set) var missingCount = 0

    /// Creates the data of no experiment.
    public init(parameters: [ParameterValues]) {
        self.parameters = parameters
    }

    /// Adds an experiment.
    ///
    /// - Parameters:
    ///   - objective: the value of the objective; nil if it has none.
    ///   - group: the group of the experiment, an index of the scales of each hyper-parameter. Batteries whose distributions differ
    ///     are groups.
    ///   - values: the values as stored in Redis, one per hyper-parameter; nil for a hyper-parameter that the experiment lacks.
    /// - Precondition: there are as many values as hyper-parameters.
    public mutating func append(objective: Double?, group: Int = 0, values: [String?]) {
        precondition(values.count == parameters.count, "\(values.count) values of \(parameters.count) hyper-parameters")
        guard append(objective: objective, group: group) else { return }
        for (index, value) in values.enumerated() { parameters[index].append(value) }
    }

    /// Adds an experiment whose values ``append(_:toParameter:)`` must add next, for each hyper-parameter.
    ///
    /// - Returns: false if the experiment is left out: its values must not be added.
    package mutating func append(objective: Double?, group: Int) -> Bool {
        guard let objective else {
            missingCount += 1
            return false
        }
        guard objective.isFinite else {
            nonfiniteCount += 1
            return false
        }
        objectives.append(objective)
        groups.append(Int32(group))
        return true
    }

    /// Adds the value of a hyper-parameter of the latest experiment; nil if it lacks the hyper-parameter.
    package mutating func append(_ value: String?, toParameter index: Int) {
        parameters[index].append(value)
    }
}
