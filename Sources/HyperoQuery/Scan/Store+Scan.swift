import HyperoRedis
import HyperoSchema

/// A walk over the experiments of batteries that reads chosen fields of each.
package struct ExperimentScan: Sendable {
    /// The order of the experiments.
    package var order: ScanOrder
    /// The fields to read, such as `param.lr` and `max.valid`; nil for all.
    package var fields: [String]?
    /// True to read the status and last sign of life of each experiment.
    package var hasLiveness: Bool
    /// The number of experiments in the first chunk. Later chunks double up to 500. A scan that usually ends early begins with
    /// few.
    package var firstChunk: Int
    /// The number of experiments in the largest chunk.
    private(set) var largestChunk = Self.maxChunk

    package init(order: ScanOrder, fields: [String]?, hasLiveness: Bool = false, firstChunk: Int = Self.maxChunk) {
        self.order = order
        self.fields = fields
        self.hasLiveness = hasLiveness
        self.firstChunk = firstChunk
    }

    /// The largest number of experiments per round trip.
    package static let maxChunk = 500

    /// The number of experiments in the first chunk of a search, which is often the only one.
    static let firstSearchChunk = 128

    /// The number of values of a chunk, for requests of very many fields.
    private static let maxChunkValues = 100_000

    /// Bounds the chunks, so that those of experiments with very many fields do not fill the memory.
    ///
    /// - Parameter count: the number of fields of each experiment.
    mutating func bound(values count: Int) {
        largestChunk = max(1, min(Self.maxChunk, Self.maxChunkValues / max(count, 1)))
        firstChunk = min(firstChunk, largestChunk)
    }
}

/// The answer of the receiver of a scan's chunk.
package enum ScanStep: Sendable {
    case next
    case stop
}

extension Store {
    /// Walks over the experiments of a battery, in chunks of up to 500.
    ///
    ///     try store.scan("digits mlp", version: nil, ExperimentScan(order: .newestFirst, fields: ["param.lr"])) { chunk in
    ///         for experiment in chunk { print(experiment.experiment, experiment.values[0] ?? "-") }
    ///         return .next
    ///     }
    ///
    /// Holds two chunks and one page of ids per battery and partition in memory. The next chunk is requested before the body
    /// sees a chunk, except the first one. The body may send other queries to the store.
    ///
    /// An experiment that exists during the whole scan and keeps its place in the order is visited exactly once.
    ///
    /// - Parameters:
    ///   - name: the battery's name, or its id.
    ///   - version: the battery's version; nil for all versions of the name.
    ///   - scan: the order and the fields.
    ///   - body: receives the experiments of a chunk.
    /// - Returns: the malformed values that were left out, at most 1,000.
    /// - Throws: ``QueryError/Code/incomplete(_:)`` if a partition does not answer, ``QueryError`` of category ``QueryError/Category/notFound`` if the battery or version does not exist, and of
    ///   the other categories if Redis fails; the error of the body.
    @discardableResult
    package func scan(
        _ name: String, version: Int?, _ scan: ExperimentScan,
        body: ([ScannedExperiment]) throws(QueryError) -> ScanStep
    ) throws(QueryError) -> [String] {
        var hasBegun = false
        return try answer(from: .all, mayRestart: { !hasBegun }) { () throws(QueryError) in
            var warnings: [String] = []
            let batteries = try storedBatteries(of: name, version: version, warnings: &warnings)
            try self.scan(batteries, scan, warnings: &warnings) { (experiments) throws(QueryError) in
                hasBegun = true
                return try body(experiments)
            }
            return warnings
        }
    }

    /// Walks over the experiments of batteries, as ``scan(_:version:_:body:)`` does.
    func scan(
        _ batteries: [StoredBattery], _ scan: ExperimentScan, warnings: inout [String],
        body: ([ScannedExperiment]) throws(QueryError) -> ScanStep
    ) throws(QueryError) {
        var walk = MemberWalk(scan.order, over: batteries, firstPage: 4 * scan.firstChunk)
        let request = HashRequest(fields: scan.fields, hasLiveness: scan.hasLiveness, of: batteries)
        try self.scan(
            &walk, request, firstChunk: scan.firstChunk, largestChunk: scan.largestChunk, warnings: &warnings,
            body: body)
    }

    /// Walks over the members of a walk, whose first pages may already be requested.
    ///
    /// - Parameter probe: appends a further command of an experiment.
    func scan(
        _ walk: inout MemberWalk, _ request: HashRequest, firstChunk: Int,
        largestChunk: Int = ExperimentScan.maxChunk,
        probe: ((ScanMember, inout CommandPipeline) -> PendingReply<Bool>?)? = nil, warnings: inout [String],
        body: ([ScannedExperiment]) throws(QueryError) -> ScanStep
    ) throws(QueryError) {
        var size = firstChunk
        var next = try begin(&walk, request, size, probe: probe, isFirst: true, warnings: &warnings)
        var isFirst = true
        while let (chunk, ticket) = next {
            next = nil
            size = max(size, min(size * 2, largestChunk))
            if !isFirst {
                next = try begin(&walk, request, size, probe: probe, mayWait: false, warnings: &warnings)
            }
            try connections.finish(ticket)
            try walk.readPages(warnings: &warnings)
            var producers = CommandPipeline()
            chunk.appendProducers(to: &producers, all: true)
            try connections.run(producers)
            if next == nil, !isFirst {
                next = try begin(&walk, request, size, probe: probe, mayWait: false, warnings: &warnings)
            }
            isFirst = false
            let experiments = try chunk.experiments(in: self, warnings: &warnings)
            guard try body(experiments) == .next else { return }
            if next == nil { next = try begin(&walk, request, size, probe: probe, warnings: &warnings) }
        }
    }

    /// Requests the hashes of the next experiments.
    ///
    /// - Parameter mayWait: false to return nil rather than to wait for the replies with the experiments' ids.
    /// - Returns: nil also if there are no more experiments.
    private func begin(
        _ walk: inout MemberWalk, _ request: HashRequest, _ size: Int,
        probe: ((ScanMember, inout CommandPipeline) -> PendingReply<Bool>?)?, mayWait: Bool = true,
        isFirst: Bool = false,
        warnings: inout [String]
    ) throws(QueryError) -> (chunk: HashChunk, ticket: Int)? {
        var members = walk.removeNext(size)
        while members.isEmpty, walk.hasMore {
            guard mayWait else { return nil }
            var pipeline = CommandPipeline()
            walk.appendPages(ahead: 1, to: &pipeline)
            try connections.run(pipeline)
            try walk.readPages(warnings: &warnings)
            members = walk.removeNext(size)
        }
        guard !members.isEmpty else { return nil }
        let chunk = HashChunk(members, request)
        var pipeline = CommandPipeline()
        chunk.append(to: &pipeline, readsProducers: isFirst, probe: probe)
        // Not beside the first chunk, after which most scans that begin with few experiments end.
        if !isFirst || size == ExperimentScan.maxChunk { walk.appendPages(ahead: 2 * size, to: &pipeline) }
        return (chunk, try connections.start(pipeline))
    }

    /// The work that the queries of the store have caused so far.
    package var cost: QueryCost { connections.cost }
}
