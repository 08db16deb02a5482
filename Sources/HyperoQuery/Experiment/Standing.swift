import HyperoRedis
import HyperoSchema

/// The place of an experiment among all that have a rank.
public struct Standing: Sendable, Hashable {
    /// The rank: 1 plus the number of experiments with a better value of the objective.
    public let rank: Int
    /// The number of ranked experiments.
    public let count: Int
    /// The objective, by which they are ranked.
    public let channel: String
    /// The versions of the battery that are ranked together, ascending.
    public let versions: [Int]

    /// The place in words: `14th of 206 by valid`.
    package var text: String {
        let list = versions.count > 1 ? ", versions " + versions.map { String($0) }.joined(separator: ", ") : ""
        return "\(ordinalText(rank)) of \(count) by \(channel)\(list)"
    }
}

/// Returns an ordinal number: `1st`, `2nd`, `3rd`, `4th`, `11th`.
func ordinalText(_ number: Int) -> String {
    let suffix =
        switch (number % 10, number % 100) {
        case (_, 11...13): "th"
        case (1, _): "st"
        case (2, _): "nd"
        case (3, _): "rd"
        default: "th"
        }
    return "\(number)\(suffix)"
}

extension Store {
    /// Determines the ranks of experiments, as `rank` numbers them: among the experiments of all versions of the battery's name that
    /// have the same objective and direction.
    ///
    /// Three round trips: the batteries' ids, their hashes, and for each experiment ZCOUNT and ZCARD of each ranking, which cost
    /// O(log N).
    ///
    /// - Returns: one element per experiment; nil for one without a finite value of the objective, and if the account must not
    ///   read the rankings.
    /// - Throws: ``QueryError`` if Redis fails.
    public func standings(of records: [ExperimentRecord]) throws(QueryError) -> [Standing?] {
        try standings(of: records, among: nil)
    }

    /// Determines the ranks of experiments as ``standings(of:)`` does.
    ///
    /// - Parameter ids: the ids of the batteries whose experiments are ranked; nil for those of all versions.
    func standings(of records: [ExperimentRecord], among ids: [String]?) throws(QueryError) -> [Standing?] {
        try answer { () throws(QueryError) in try readStandings(of: records, among: ids) }
    }

    private func readStandings(
        of records: [ExperimentRecord], among ids: [String]?
    ) throws(QueryError) -> [Standing?] {
        var warnings: [String] = []
        let none = records.map { _ in Standing?.none }
        guard records.contains(where: { Self.objectiveNumber(of: $0) != nil }) else { return none }
        let all: [StoredBattery]
        do {
            let stored = try storedBatteries(warnings: &warnings)
            all = ids.map { ids in stored.filter { ids.contains($0.id.text) } } ?? stored
        } catch {
            // The rank is an addition to what the account may read.
            guard error.category == .denied else { throw error }
            return none
        }
        var pipeline = CommandPipeline()
        let pending = records.map { record in
            appendStanding(of: record, among: all, to: &pipeline)
        }
        try connections.run(pipeline)
        var standings: [Standing?] = []
        for (record, (batteries, replies)) in zip(records, pending) {
            var (better, count) = (0, 0)
            var isKnown = !replies.isEmpty
            for (betterReply, sizeReply) in replies {
                guard let some = try betterReply.valueIfPermitted(), let size = try sizeReply.valueIfPermitted() else {
                    isKnown = false
                    continue
                }
                better += some
                count += size
            }
            guard isKnown, count > 0, let channel = record.objective else {
                standings.append(nil)
                continue
            }
            standings.append(
                Standing(
                    rank: better + 1, count: max(count, better + 1), channel: channel,
                    versions: Set(batteries.map(\.version)).sorted()))
        }
        return standings
    }

    private typealias Counts = (better: PendingReply<Int>, size: PendingReply<Int>)

    /// Appends the counts of the rankings that an experiment belongs to.
    ///
    /// - Returns: the batteries of the rankings, and one element per ranking; none for an experiment without a rank.
    private func appendStanding(
        of record: ExperimentRecord, among all: [StoredBattery], to pipeline: inout CommandPipeline
    ) -> (batteries: [StoredBattery], replies: [Counts]) {
        guard let number = Self.objectiveNumber(of: record),
            let own = all.first(where: { $0.id.text == record.battery })
        else { return ([], []) }
        let batteries = all.filter {
            $0.name.hasSameBytes(as: own.name) && $0.objective.hasSameBytes(as: own.objective)
                && $0.direction == own.direction
        }
        var replies: [Counts] = []
        for battery in batteries {
            for keyspace in battery.keyspaces {
                let key = keyspace.rank(of: battery.id, by: battery.objective)
                let range = own.direction == .max ? ["(\(number.text)", "+inf"] : ["-inf", "(\(number.text)"]
                replies.append(
                    (
                        pipeline.append(arguments: ["ZCOUNT", key] + range, in: keyspace, as: .count),
                        pipeline.append("ZCARD", key, in: keyspace, as: .count)
                    ))
            }
        }
        return (batteries, replies)
    }

    private static func objectiveNumber(of record: ExperimentRecord) -> Number? {
        guard let objective = record.objective else { return nil }
        let number = record.maxima.first { $0.channel.hasSameBytes(as: objective) }?.number
        return number?.isFinite ?? false ? number : nil
    }
}
