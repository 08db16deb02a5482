import HyperoRedis
import HyperoSchema

extension Verifier {
    /// The numbers of ranked experiments that were found, by partition and channel.
    typealias RankCounts = [Keyspace: [ExactText: Int]]

    /// Checks the experiments of a battery's list: ZRANGE experiments, HGETALL experiment, HSCAN curve, ZSCORE rank:<channel> id.
    ///
    /// - Parameter progress: called with the number of experiments so far.
    func checkExperiments(of battery: StoredBattery, progress: (Int) -> Void) throws(QueryError) -> RankCounts {
        var columns = try columns(of: battery)
        var counts: RankCounts = [:]
        for (keyspace, names) in columns {
            for name in names {
                if let channel = name.text.dropping(prefix: Prefix.max) {
                    counts[keyspace, default: [:]][ExactText(channel)] = 0
                }
            }
        }
        var found: [String] = []
        var scan = ExperimentScan(order: .unordered, fields: nil)
        scan.bound(values: columns.values.lazy.map(\.count).max() ?? 0)
        try store.scan([battery], scan, warnings: &found) {
            (experiments) throws(QueryError) in
            var rest = experiments[...]
            while !rest.isEmpty, !isFull {
                let group = rest.prefix(curveGroup.count)
                rest = rest.dropFirst(curveGroup.count)
                let before = store.cost.bytes
                let evidence = try evidence(of: group, in: battery, columns: &columns, counts: &counts)
                curveGroup.record(bytes: store.cost.bytes - before)
                for experiment in evidence where !isFull && !experiment.differences.isEmpty {
                    try confirm(experiment.id, in: experiment.keyspace, of: battery.id)
                }
            }
            experimentCount += experiments.count
            progress(experimentCount)
            return isFull ? .stop : .next
        }
        warnings += found
        return counts
    }

    /// Returns the columns of a battery by partition: ZRANGE columns 0 -1.
    private func columns(of battery: StoredBattery) throws(QueryError) -> [Keyspace: Set<ExactText>] {
        var pipeline = CommandPipeline()
        let replies = battery.keyspaces.map { keyspace in
            (
                keyspace,
                pipeline.append("ZRANGE", keyspace.columns(of: battery.id), "0", "-1", in: keyspace, as: .strings)
            )
        }
        try store.connections.run(pipeline)
        var columns: [Keyspace: Set<ExactText>] = [:]
        for (keyspace, reply) in replies {
            columns[keyspace] = Set(try value(of: reply, or: []).lazy.map { ExactText($0) })
        }
        return columns
    }

    /// The evidence of an experiment whose replies were not read yet.
    private struct PendingEvidence {
        let evidence: ExperimentEvidence
        let curve: CurveReading
        let scores: [(ExactText, PendingReply<String?>)]
        let deleted: PendingReply<String?>?
    }

    /// Reads the evidence of experiments whose hashes a scan has read. The parts are of different moments.
    ///
    /// - Parameters:
    ///   - columns: the known columns. Those that are found to be missing are added, so that each is looked up once.
    ///   - counts: the numbers of ranked experiments, to which those of the group are added.
    private func evidence(
        of group: ArraySlice<ScannedExperiment>, in battery: StoredBattery, columns: inout [Keyspace: Set<ExactText>],
        counts: inout RankCounts
    ) throws(QueryError) -> [ExperimentEvidence] {
        var pipeline = CommandPipeline()
        var read: [PendingEvidence] = []
        for experiment in group {
            guard let id = experiment.member.id else { continue }
            let keyspace = experiment.member.keyspace
            var evidence = ExperimentEvidence(
                id: id, keyspace: keyspace, battery: battery.id,
                hash: Dictionary(experiment.pairs.map { (ExactText($0.name), $0.value) }) { $1 })
            evidence.listScore = experiment.score
            let curve = reading(of: evidence)
            curve.appendNext(to: &pipeline)
            let scores = appendScores(of: evidence, to: &pipeline)
            // A whole verification reads the list of deleted ids.
            let deleted =
                isWhole ? nil : pipeline.append("ZSCORE", keyspace.deleted, id.text, in: keyspace, as: .string)
            read.append(PendingEvidence(evidence: evidence, curve: curve, scores: scores, deleted: deleted))
        }
        try store.connections.run(pipeline)
        try finish(read.map(\.curve))
        return try read.map { (pending) throws(QueryError) in
            var evidence = pending.evidence
            evidence.curve = try pending.curve.wholeDigest(warnings: &warnings)
            if let deleted = pending.deleted { evidence.deleted = try time(deleted) }
            for (channel, reply) in pending.scores {
                if reply.isOfWrongType { evidence.unreadableRankings.insert(channel) }
                guard let score = try score(reply) else { continue }
                evidence.scores[channel] = score
                counts[evidence.keyspace, default: [:]][channel, default: 0] += 1
            }
            for column in self.columns(of: evidence)
            where columns[evidence.keyspace, default: []].insert(ExactText(column)).inserted {
                evidence.missingColumns.append(column)
            }
            return evidence
        }
    }

    /// Reads one experiment again, and records its differences: HGETALL experiment, HSCAN curve, then ZSCORE of the list, the rankings
    /// and the columns, and HGETALL experiment, until both hashes are equal. A transaction that changes one of the others between
    /// them also changes the hash.
    func confirm(_ id: ExperimentID, in keyspace: Keyspace, of battery: BatteryID) throws(QueryError) {
        for _ in 0..<Self.maxAttempts {
            guard let evidence = try consistentEvidence(of: id, in: keyspace, of: battery) else { continue }
            guard evidence.isHashReadable else { return }
            for difference in evidence.differences { add(difference) }
            return
        }
    }

    private func consistentEvidence(
        of id: ExperimentID, in keyspace: Keyspace, of battery: BatteryID
    ) throws(QueryError) -> ExperimentEvidence? {
        let hashCommand = ["HGETALL", keyspace.experiment(id)]
        var pipeline = CommandPipeline()
        let before = pipeline.append(arguments: hashCommand, in: keyspace, as: .pairs)
        try store.connections.run(pipeline)
        let hash = Self.dictionary(try value(of: before, or: []))
        var evidence = ExperimentEvidence(id: id, keyspace: keyspace, battery: battery, hash: hash)
        let curve = reading(of: evidence)
        try finish([curve])
        evidence.curve = try curve.wholeDigest(warnings: &warnings)
        pipeline = CommandPipeline()
        let listScore = pipeline.append("ZSCORE", keyspace.experiments(of: battery), id.text, in: keyspace, as: .string)
        let scores = appendScores(of: evidence, to: &pipeline)
        let columns = columns(of: evidence).map { column in
            (column, pipeline.append("ZSCORE", keyspace.columns(of: battery), column, in: keyspace, as: .isNotNull))
        }
        let deleted = pipeline.append("ZSCORE", keyspace.deleted, id.text, in: keyspace, as: .string)
        let after = pipeline.append(arguments: hashCommand, in: keyspace, as: .pairs)
        try store.connections.run(pipeline)
        guard Self.dictionary(try value(of: after, or: [])) == hash else { return nil }
        evidence.isHashReadable = !before.isOfWrongType
        evidence.isListReadable = !listScore.isOfWrongType
        evidence.listScore = try score(listScore)
        evidence.deleted = try time(deleted)
        for (channel, reply) in scores {
            if reply.isOfWrongType { evidence.unreadableRankings.insert(channel) }
            evidence.scores[channel] = try score(reply)
        }
        for (column, isListed) in columns where try !value(of: isListed, or: true) {
            evidence.missingColumns.append(column)
        }
        return evidence
    }

    static func dictionary(_ pairs: [(name: String, value: String)]) -> [ExactText: String] {
        Dictionary(pairs.map { (ExactText($0.name), $0.value) }) { $1 }
    }

    private func reading(of evidence: ExperimentEvidence) -> CurveReading {
        let declaration = stored[evidence.battery]?.declarations[evidence.keyspace]
        let objective = declaration.flatMap { declaration in
            declaration.objective.map { CurveDigest.Objective(channel: $0, direction: declaration.direction) }
        }
        return CurveReading(
            of: evidence.id, in: evidence.keyspace,
            digest: CurveDigest(objective: objective, hash: evidence.hash))
    }

    /// Reads the rest of curves.
    private func finish(_ curves: [CurveReading]) throws(QueryError) {
        while true {
            var pipeline = CommandPipeline()
            for curve in curves { curve.appendNext(to: &pipeline) }
            guard !pipeline.commands.isEmpty else { return }
            try store.connections.run(pipeline)
        }
    }

    private func appendScores(
        of evidence: ExperimentEvidence, to pipeline: inout CommandPipeline
    ) -> [(ExactText, PendingReply<String?>)] {
        guard evidence.hash[ExactText(ExperimentField.battery)] == evidence.battery.text else { return [] }
        let keyspace = evidence.keyspace
        return DerivedMaxima.ranked(in: evidence.hash).map { channel, _ in
            let key = keyspace.rank(of: evidence.battery, by: channel)
            return (ExactText(channel), pipeline.append("ZSCORE", key, evidence.id.text, in: keyspace, as: .string))
        }
    }

    /// Returns the columns that the experiment must have in the list of its battery.
    private func columns(of evidence: ExperimentEvidence) -> [String] {
        guard evidence.hash[ExactText(ExperimentField.battery)] == evidence.battery.text else { return [] }
        let channels = evidence.curve?.channels ?? []
        return (DerivedMaxima.columns(of: evidence.hash) + channels.map { Prefix.curve + $0.text }).sorted {
            ExactText($0) < ExactText($1)
        }
    }
}
