import HyperoRedis
import HyperoSchema

/// A word that may complete a command line.
package struct Candidate: Sendable, Hashable {
    /// The word without quotes and without control characters.
    package let text: String
    /// A short description.
    package let description: String

    /// - Parameters:
    ///   - text: the word.
    ///   - description: any text. Control characters are escaped.
    package init(_ text: String, description: String = "") {
        self.text = text
        self.description = escapedText(description)
    }

    /// True if a shell can show and insert the word: any client may have written control characters.
    var isPlain: Bool { !text.isEmpty && escapedText(text).hasSameBytes(as: text) }
}

extension Store {
    /// The number of batteries and versions that complete a command line.
    private static let maxCandidates = 200
    /// The number of columns that are read: the candidates are those of them that begin with the typed text.
    private static let maxColumnCandidates = 10_000

    /// Returns the names of the newest batteries, with the number of experiments and the best value.
    package func batteryCandidates() throws(QueryError) -> [Candidate] {
        try answer { () throws(QueryError) in try newestBatteries() }
    }

    private func newestBatteries() throws(QueryError) -> [Candidate] {
        var warnings: [String] = []
        let found = try probePartitions(
            { keyspace, pipeline in
                (
                    pipeline.append(
                        "ZRANGE", keyspace.batteries, "0", String(Self.maxCandidates - 1), "REV", in: keyspace,
                        as: .strings),
                    nil
                )
            }, fallback: [], warnings: &warnings)
        var pipeline = CommandPipeline()
        var replies: [(keyspace: Keyspace, id: BatteryID, hash: PendingReply<[String?]>, count: PendingReply<Int>)] = []
        for (keyspace, ids) in found {
            for id in ids.compactMap({ BatteryID($0) }) {
                replies.append(
                    (
                        keyspace, id,
                        pipeline.append(
                            arguments: ["HMGET", keyspace.battery(id)] + StoredBattery.fields(channel: nil),
                            in: keyspace,
                            as: .optionalStrings),
                        pipeline.append("ZCARD", keyspace.experiments(of: id), in: keyspace, as: .count)
                    ))
            }
        }
        try connections.run(pipeline)
        var counts: [ExactText: Int] = [:]
        var names: [String] = []
        for reply in replies {
            guard let values = reply.hash.value,
                let battery = StoredBattery(id: reply.id, in: reply.keyspace, values: values, warnings: &warnings)
            else { continue }
            if counts[battery.name] == nil { names.append(battery.name) }
            counts[ExactText(battery.name), default: 0] += reply.count.value ?? 0
        }
        return names.prefix(Self.maxCandidates).map { name in
            Candidate(name, description: counted(counts[name] ?? 0, noun: "experiment"))
        }.filter(\.isPlain)
    }

    /// Returns the ids of the searches of the newest batteries, with the names of both.
    package func searchCandidates() throws(QueryError) -> [Candidate] {
        try answer { () throws(QueryError) in
            var warnings: [String] = []
            let newest = try storedBatteries(warnings: &warnings).sorted { ($0.updated ?? 0) > ($1.updated ?? 0) }
            let batteries = Array(newest.prefix(Self.maxCandidates))
            let places = try searchPlaces(of: batteries, warnings: &warnings).prefix(Self.maxCandidates)
            return try storedSearches(Array(places), warnings: &warnings).map { search in
                let battery = newest.first { $0.id == search.battery }?.name
                return Candidate(
                    search.id.text, description: [search.name, battery].compactMap(\.self).joined(separator: ", "))
            }
        }
    }

    /// Returns the versions of a battery, with their descriptions.
    package func versionCandidates(of name: String) throws(QueryError) -> [Candidate] {
        var warnings: [String] = []
        let batteries: [StoredBattery] = try answer { () throws(QueryError) in
            try storedBatteries(of: name, version: nil, warnings: &warnings)
        }
        return batteries.reversed().prefix(Self.maxCandidates).map {
            Candidate(String($0.version), description: $0.description)
        }
    }

    /// Returns the columns of a battery under their full names, with the fields of every experiment.
    package func columnCandidates(of name: String) throws(QueryError) -> [Candidate] {
        var warnings: [String] = []
        let columns: [String] = try answer { () throws(QueryError) in
            try self.columns(
                of: storedBatteries(of: name, version: nil, warnings: &warnings), warnings: &warnings)
        }
        return columns.prefix(Self.maxColumnCandidates).sorted { ExactText($0) < ExactText($1) }.map { column in
            Candidate(column, description: Self.kindText(of: column))
        }.filter(\.isPlain) + OwnField.names.sorted().map { Candidate($0, description: "of every experiment") }
    }

    private static func kindText(of column: String) -> String {
        switch FieldName(column) {
        case .param: "hyper-parameter"
        case .meta: "metadata"
        case .maximum: "value at the best epoch"
        case .curve: "learning curve"
        case .other: ""
        }
    }
}
