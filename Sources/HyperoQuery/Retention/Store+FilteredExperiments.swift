import HyperoRedis
import HyperoSchema

extension Store {
    /// Returns the ids of the experiments of a battery that fulfil a filter, the oldest first.
    ///
    /// Reads the fields that the filter names of all experiments, 500 per round trip. Fails if a partition does not answer.
    ///
    /// - Parameters:
    ///   - name: the battery's name, or its id.
    ///   - version: the battery's version; nil for all versions of the name.
    ///   - filter: the filter.
    /// - Throws: ``QueryError`` of category ``QueryError/Category/notFound`` if the battery or version does not exist,
    ///   ``QueryError/Code/invalidFilter(_:)`` if the filter names a field that no experiment has, and of the other categories if
    ///   Redis fails.
    public func experimentIDs(
        of name: String, version: Int? = nil, where filter: Filter
    ) throws(QueryError) -> [String] {
        var warnings: [String] = []
        return try experiments(of: name, version: version, where: filter, warnings: &warnings).ids
    }

    /// Selects the experiments of a battery that fulfil a filter, as ``experimentIDs(of:version:where:)`` does.
    ///
    /// - Parameter warnings: receives the experiments that cannot be read, of which nothing is known.
    package func experiments(
        of name: String, version: Int? = nil, where filter: Filter, warnings: inout [String]
    ) throws(QueryError) -> RetentionSelection {
        var found: [String] = []
        let selection = try answer(from: .all) { () throws(QueryError) in
            found = []
            return try select(of: name, version: version, where: filter, warnings: &found)
        }
        warnings += found
        return selection
    }

    private func select(
        of name: String, version: Int?, where filter: Filter, warnings: inout [String]
    ) throws(QueryError) -> RetentionSelection {
        let batteries = try storedBatteries(of: name, version: version, warnings: &warnings)
        let bound = try bind(filter, to: batteries, warnings: &warnings)
        // Every hash of an experiment has its battery.
        let fields = [ExperimentField.battery, ExperimentField.since]
        let request = Self.request(of: bound, adding: fields, hasLiveness: true, in: batteries)
        var walk = MemberWalk(.oldestFirst, over: batteries, firstPage: 4 * ExperimentScan.maxChunk)
        var selection = RetentionSelection()
        var problems: [String] = []
        try scan(&walk, request, firstChunk: ExperimentScan.maxChunk, warnings: &warnings) {
            (experiments) throws(QueryError) in
            let ranks = try ranks(of: experiments, for: bound, in: batteries)
            for (index, experiment) in experiments.enumerated() {
                guard experiment[ExperimentField.battery] != nil else {
                    if !experiment.names.isEmpty {
                        addScanWarning("\(experiment.source) is left out, because its hash is missing", to: &problems)
                    }
                    continue
                }
                guard bound?.holds(for: experiment, rank: ranks[index]) ?? true else { continue }
                selection.add(experiment.member, stamp: experiment.stamp)
            }
            return .next
        }
        for problem in problems { addScanWarning(problem, to: &warnings) }
        return selection
    }
}
