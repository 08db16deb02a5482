package import HyperoCore
import HyperoSchema

extension Store {
    /// The number of the best experiments of each battery.
    private static let maxRankedCandidates = 50
    /// The number of batteries whose best experiments are candidates.
    private static let maxRecentBatteries = 20
    /// The number of further ids that a search adds.
    private static let maxSearchedCandidates = 50

    /// Returns the ids with a beginning: of the best 50 experiments of each of the 20 batteries that changed last, with their values, and of up
    /// to 50 others that a search of the keys finds in time.
    ///
    /// - Parameters:
    ///   - prefix: the typed text. Empty for no search.
    ///   - end: the time at which the search ends. A reply that is awaited then is still taken.
    package func experimentCandidates(
        beginningWith prefix: String, until end: MonotonicTime
    ) throws(QueryError) -> [Candidate] {
        try answer { () throws(QueryError) in try candidates(beginningWith: prefix, until: end) }
    }

    private func candidates(
        beginningWith prefix: String, until end: MonotonicTime
    ) throws(QueryError) -> [Candidate] {
        let best = try bestCandidates().filter { $0.text.begins(with: prefix) }
        guard !prefix.isEmpty, prefix.utf8.allSatisfy(Self.isIDByte) else { return best }
        var seen = Set(best.map(\.text))
        var found: [String] = []
        var warnings: [String] = []
        guard let partitions = try? self.partitions(warnings: &warnings) else { return best }
        for (index, keyspace) in partitions.enumerated() {
            // Each partition has its share of the time, and what those before it have left.
            let now = MonotonicTime.now
            guard now < end, found.count < Self.maxSearchedCandidates else { break }
            let share = (end - now) / (partitions.count - index)
            // An account without SCAN gets the best experiments alone.
            try? scan(for: prefix, in: [keyspace], until: now + share, warnings: &warnings) { id, _ in
                if seen.insert(id.text).inserted { found.append(id.text) }
                return found.count >= Self.maxSearchedCandidates
            }
        }
        return best + found.sorted().map { Candidate($0) }
    }

    private static func isIDByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
            true
        default: false
        }
    }

    private func bestCandidates() throws(QueryError) -> [Candidate] {
        var warnings: [String] = []
        let batteries = try storedBatteries(warnings: &warnings).sorted { ($0.updated ?? 0) > ($1.updated ?? 0) }
            .prefix(Self.maxRecentBatteries)
        var pipeline = CommandPipeline()
        let tops = batteries.map { battery in
            battery.keyspaces.map { keyspace in
                pipeline.appendTop(
                    Self.maxRankedCandidates, of: battery.id, in: keyspace, by: battery.objective,
                    highestFirst: battery.direction == .max)
            }
        }
        try connections.run(pipeline)
        var candidates: [Candidate] = []
        for (battery, tops) in zip(batteries, tops) {
            let ranked = RankedExperiment.merged(
                tops.map { $0.value ?? [] }, limit: Self.maxRankedCandidates, highestFirst: battery.direction == .max)
            candidates += ranked.map {
                Candidate(
                    $0.experiment, description: "\(battery.objective) \(numberText($0.value)), \(battery.name)")
            }
        }
        return candidates.filter(\.isPlain)
    }
}
