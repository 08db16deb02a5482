import HyperoRedis
import HyperoSchema

extension Store {
    /// Resolves a filter for batteries.
    ///
    /// One round trip for the columns, one more for the best values of channels, and two more to see that hyper-parameters that
    /// are compared as numbers are not words.
    ///
    /// - Returns: nil without a filter, and for one that all experiments fulfil.
    /// - Throws: ``QueryError/Code/invalidFilter(_:)``.
    func bind(
        _ filter: Filter?, to batteries: [StoredBattery], warnings: inout [String]
    ) throws(QueryError) -> BatteryFilter? {
        guard let filter, !filter.isEmpty else { return nil }
        var columns = try columns(of: batteries, warnings: &warnings)
        // The objective exists before the first value.
        if !columns.isEmpty { columns += batteries.map { Prefix.max + $0.objective } }
        var bound: BoundFilter
        do {
            bound = try filter.bound(to: FilterCatalogue(columns: columns))
        } catch {
            throw QueryError(.invalidFilter(error), warnings: warnings)
        }
        if !bound.bestChannels.isEmpty {
            bound.bests = try bests(of: bound.bestChannels, in: batteries, warnings: &warnings)
        }
        if let error = try typeError(of: bound, in: batteries, warnings: &warnings) {
            throw QueryError(.invalidFilter(error.in(filter.text)), warnings: warnings)
        }
        return BatteryFilter(bound, of: batteries, now: clock())
    }

    /// The number of experiments whose values show that a hyper-parameter has numbers.
    private static let typeSampleSize = 64

    /// Returns the error of a filter that compares words as numbers. Reads further experiments only while it has seen words and no
    /// number.
    private func typeError(
        of filter: BoundFilter, in batteries: [StoredBattery], warnings: inout [String]
    ) throws(QueryError) -> FilterError? {
        var check = FilterTypeCheck(filter)
        guard !check.isSettled else { return nil }
        let scan = ExperimentScan(order: .newestFirst, fields: check.fields, firstChunk: Self.typeSampleSize)
        var ignored: [String] = []
        try self.scan(batteries, scan, warnings: &ignored) { (experiments) throws(QueryError) in
            for experiment in experiments { check.add(experiment.values) }
            check.settleAbsent()
            return check.isSettled ? .stop : .next
        }
        return check.error
    }

    /// Reads the best values of channels: HMGET of the declared directions and the ends of the rankings. One round trip.
    private func bests(
        of channels: [String], in batteries: [StoredBattery], warnings: inout [String]
    ) throws(QueryError) -> [Double?] {
        guard let newest = batteries.last, let home = newest.keyspaces.first else { return channels.map { _ in nil } }
        var pipeline = CommandPipeline()
        let declared = pipeline.append(
            arguments: ["HMGET", home.battery(newest.id)] + channels.map { Prefix.direction + $0 }, in: home,
            as: .optionalStrings)
        var ends: [(channel: Int, direction: Direction, reply: PendingReply<[(name: String, value: String)]>)] = []
        for (index, channel) in channels.enumerated() {
            for battery in batteries {
                for keyspace in battery.keyspaces {
                    let first = ["ZRANGE", keyspace.rank(of: battery.id, by: channel), "0", "0"]
                    let lowest = pipeline.append(arguments: first + ["WITHSCORES"], in: keyspace, as: .pairs)
                    let highest = pipeline.append(arguments: first + ["REV", "WITHSCORES"], in: keyspace, as: .pairs)
                    ends += [(index, .min, lowest), (index, .max, highest)]
                }
            }
        }
        try connections.run(pipeline)
        let declarations = try declared.value(or: [], warnings: &warnings)
        let directions = zip(channels, declarations).map { channel, text in
            newest.direction(of: channel, declared: text.flatMap { Direction(rawValue: $0) })
        }
        var bests: [Double?] = channels.map { _ in nil }
        for (channel, direction, reply) in ends
        where directions.indices.contains(channel) && directions[channel] == direction {
            let score = try reply.value(or: [], warnings: &warnings).first.flatMap { Double($0.value) }
            guard let score, bests[channel].map({ direction.prefers(score, over: $0) }) ?? true else { continue }
            bests[channel] = score
        }
        return bests
    }

    /// Returns the members of a walk that fulfil a filter, at most as many as a limit.
    ///
    /// - Parameters:
    ///   - statuses: the statuses of the experiments; empty for all.
    ///   - probe: appends a further command of an experiment, which leaves those out for which it replies true.
    ///   - examined: called with the number of experiments that were looked at.
    func members(
        of walk: inout MemberWalk, where filter: BatteryFilter?, statuses: Set<ExperimentStatus> = [],
        in batteries: [StoredBattery], limit: Int = .max,
        probe: ((ScanMember, inout CommandPipeline) -> PendingReply<Bool>?)? = nil,
        examined: (Int) -> Void = { _ in }
    ) throws(QueryError) -> [ScanMember] {
        var members: [ScanMember] = []
        let request = Self.request(of: filter, hasLiveness: !statuses.isEmpty, in: batteries)
        // The rows report the malformed values of the hashes that are shown.
        var ignored: [String] = []
        var problems: [String] = []
        var count = 0
        try scan(&walk, request, firstChunk: ExperimentScan.firstSearchChunk, probe: probe, warnings: &ignored) {
            (experiments) throws(QueryError) in
            let ranks = try ranks(of: experiments, for: filter, in: batteries)
            for (index, experiment) in experiments.enumerated() where members.count < limit {
                count += 1
                guard try !(experiment.probe?.value(or: false, warnings: &problems) ?? false) else { continue }
                if !statuses.isEmpty, !(experiment.liveness?.status.map(statuses.contains) ?? false) { continue }
                if filter?.holds(for: experiment, rank: ranks[index]) ?? true { members.append(experiment.member) }
            }
            return members.count < limit ? .next : .stop
        }
        examined(count)
        return members
    }

    /// Walks over the experiments of batteries that fulfil a filter, as ``scan(_:version:_:body:)`` does without one.
    ///
    /// Reads the fields of the filter of all experiments, and those of the scan of the ones that fulfil it.
    ///
    /// - Parameter examined: called after each chunk with the number of experiments in it.
    func scan(
        _ batteries: [StoredBattery], _ scan: ExperimentScan, where filter: BatteryFilter?, warnings: inout [String],
        examined: (Int) -> Void = { _ in }, body: ([ScannedExperiment]) throws(QueryError) -> ScanStep
    ) throws(QueryError) {
        guard let filter else {
            return try self.scan(batteries, scan, warnings: &warnings) { (experiments) throws(QueryError) in
                examined(experiments.count)
                return try body(experiments)
            }
        }
        let request = HashRequest(fields: scan.fields, hasLiveness: scan.hasLiveness, of: batteries)
        var found: [ScanMember] = []
        var problems: [String] = []
        func readFound() throws(QueryError) -> ScanStep {
            var members = MemberWalk(of: found)
            found.removeAll(keepingCapacity: true)
            var step = ScanStep.next
            try self.scan(
                &members, request, firstChunk: scan.largestChunk, largestChunk: scan.largestChunk, warnings: &problems
            ) { (experiments) throws(QueryError) in
                step = try body(experiments)
                return step
            }
            return step
        }
        var walk = MemberWalk(scan.order, over: batteries, firstPage: 4 * ExperimentScan.maxChunk)
        var isStopped = false
        try self.scan(
            &walk, Self.request(of: filter, hasLiveness: false, in: batteries), firstChunk: ExperimentScan.maxChunk,
            warnings: &warnings
        ) { (experiments) throws(QueryError) in
            examined(experiments.count)
            let ranks = try ranks(of: experiments, for: filter, in: batteries)
            for (index, experiment) in experiments.enumerated() where filter.holds(for: experiment, rank: ranks[index])
            {
                found.append(experiment.member)
            }
            guard found.count >= scan.largestChunk, try readFound() == .stop else { return .next }
            isStopped = true
            return .stop
        }
        if !isStopped, !found.isEmpty { _ = try readFound() }
        for problem in problems where !warnings.contains(problem) { addScanWarning(problem, to: &warnings) }
    }

    /// Returns the request of the fields that a filter compares, those first, and of the value that decides the rank.
    static func request(
        of filter: BatteryFilter?, adding more: [String] = [], hasLiveness: Bool, in batteries: [StoredBattery],
        more own: (StoredBattery) -> [String] = { _ in [] }
    ) -> HashRequest {
        var fields = (filter?.fields ?? []) + more
        if let filter, filter.needsRank { fields.append(filter.rankedField) }
        // HMGET needs a field.
        if fields.isEmpty { fields = [ExperimentField.status] }
        return HashRequest(
            fields: fields, hasLiveness: hasLiveness || (filter?.needsLiveness ?? false), of: batteries, more: own)
    }

    /// Returns the ranks of experiments by the objective of the newest battery if a filter needs them: 1 plus the number of better
    /// values in all rankings. ZCOUNT of each ranking, which costs O(log N).
    func ranks(
        of experiments: [ScannedExperiment], for filter: BatteryFilter?, in batteries: [StoredBattery]
    ) throws(QueryError) -> [Int?] {
        guard let filter, filter.needsRank, let newest = batteries.last else { return experiments.map { _ in nil } }
        var pipeline = CommandPipeline()
        let counts: [[PendingReply<Int>]?] = experiments.map { experiment in
            guard let text = experiment[filter.rankedField], Number(text: text)?.isFinite ?? false else { return nil }
            let better = newest.direction == .max ? ["(" + text, "+inf"] : ["-inf", "(" + text]
            return batteries.flatMap { battery in
                battery.keyspaces.map { keyspace in
                    let key = keyspace.rank(of: battery.id, by: newest.objective)
                    return pipeline.append(arguments: ["ZCOUNT", key] + better, in: keyspace, as: .count)
                }
            }
        }
        try connections.run(pipeline)
        var ranks: [Int?] = []
        for replies in counts {
            guard let replies else {
                ranks.append(nil)
                continue
            }
            var rank = 1
            for reply in replies { rank += try reply.valueIfAvailable() ?? 0 }
            ranks.append(rank)
        }
        return ranks
    }
}
