import HyperoRedis
import HyperoSchema

extension Store {
    /// Returns the fields that a search found. The pipeline of the search must have run.
    ///
    /// - Throws: ``QueryError/Code/columnNotFound(_:suggestion:)``.
    func fields(
        of search: ColumnSearch, in batteries: [StoredBattery], warnings: inout [String]
    ) throws(QueryError) -> [String] {
        switch try search.fields(warnings: &warnings) {
        case .success(let fields): return fields
        case .failure(let unknown):
            let columns = try columns(of: batteries, warnings: &warnings)
            // The suggestions for a name without prefix are names without prefix.
            let isUnprefixed = FieldName(unknown.name) == .other
            let names =
                (isUnprefixed ? columns.map(FieldName.unprefixed) : columns) + ColumnSearch.commonFields.sorted()
            throw QueryError(
                .columnNotFound(unknown.name, suggestion: Suggestion(for: unknown.name, among: names)))
        }
    }

    /// Checks the channel of an empty ranking. An empty ranking is an error only if the channel never had a value.
    ///
    /// - Throws: ``QueryError/Code/channelNotFound(_:suggestion:)``.
    func checkChannel(
        _ channel: String, in batteries: [StoredBattery], warnings: inout [String]
    ) throws(QueryError) {
        guard !batteries.contains(where: { $0.objective.hasSameBytes(as: channel) }) else { return }
        let channels = try columns(of: batteries, warnings: &warnings).compactMap { field in
            if case .maximum(let channel) = FieldName(field) { channel } else { nil }
        }
        guard !channels.contains(where: { $0.hasSameBytes(as: channel) }) else { return }
        throw QueryError(.channelNotFound(channel, suggestion: Suggestion(for: channel, among: channels)))
    }

    /// Returns all columns of the batteries, without duplicates. One round trip.
    private func columns(of batteries: [StoredBattery], warnings: inout [String]) throws(QueryError) -> [String] {
        var pipeline = CommandPipeline()
        let replies = batteries.flatMap { battery in
            battery.keyspaces.map { keyspace in
                pipeline.append("ZRANGE", keyspace.columns(of: battery.id), "0", "-1", in: keyspace, as: .strings)
            }
        }
        try connections.run(pipeline)
        var seen: Set<ExactText> = []
        var columns: [String] = []
        for reply in replies {
            columns += try reply.value(or: [], warnings: &warnings).filter { seen.insert(ExactText($0)).inserted }
        }
        return columns
    }
}
