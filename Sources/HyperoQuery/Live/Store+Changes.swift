import HyperoSchema

extension Store {
    /// Asks for the partitions, to learn whether Redis answers. One round trip, unless there are more than 16 partitions.
    package func ping() throws(QueryError) {
        var ignored: [String] = []
        try answer { () throws(QueryError) in _ = try partitions(warnings: &ignored) }
    }

    /// Reads all fields of experiments, and whether they run. Those that were deleted are empty.
    func experiments(
        _ members: [ScanMember], of batteries: [StoredBattery]
    ) throws(QueryError) -> [ScannedExperiment] {
        guard !members.isEmpty else { return [] }
        var found: [ScannedExperiment] = []
        var ignored: [String] = []
        var walk = MemberWalk(of: members)
        let request = HashRequest(fields: nil, hasLiveness: true, of: batteries)
        try scan(&walk, request, firstChunk: ExperimentScan.maxChunk, warnings: &ignored) { experiments in
            found += experiments
            return .next
        }
        return found
    }

    /// Reads the learning curves of experiments for a page, those of all channels of the first few, and of the objective of the others.
    func curves(
        of members: [ScanMember], objective: String
    ) throws(QueryError) -> (channels: [String], lines: [BatteryReport.Line]) {
        var ignored: [String] = []
        let curves = try readCurves(of: members, objective: objective, others: 4, warnings: &ignored)
        return (curves.channels, curves.lines)
    }
}
