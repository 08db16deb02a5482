import HyperoRedis
import HyperoSchema

extension Store {
    /// The fields that the names of columns mean.
    func resolve(
        _ search: ColumnSearch, of declarations: [Declaration], _ warnings: inout [String]
    ) throws(QueryError) -> [String] {
        switch try session.checked({ () throws(RedisError) in try search.fields(&warnings) }) {
        case .success(let fields): return fields
        case .failure(let unknown):
            let known = try columns(of: declarations, &warnings)
            // Who left the prefix away shall not be told to write one.
            let names = (FieldName(unknown.name) == .other ? known.map(unprefixed) : known) + ColumnSearch.own.sorted()
            throw QueryError(
                .notFound,
                "there is no column '\(printable(unknown.name))'"
                    + nearest(to: unknown.name, among: names, orElse: "no experiment has any yet"))
        }
    }

    /// A ranking without members is an error only if nothing was ever called like its channel.
    func checkThat(
        _ channel: String, isKnownIn declarations: [Declaration], _ warnings: inout [String]
    ) throws(QueryError) {
        guard !declarations.contains(where: { $0.objective.hasSameBytes(as: channel) }) else { return }
        let channels = try columns(of: declarations, &warnings).compactMap { field in
            if case .maximum(let channel) = FieldName(field) { channel } else { nil }
        }
        guard !channels.contains(where: { $0.hasSameBytes(as: channel) }) else { return }
        throw QueryError(
            .notFound,
            "there is no channel '\(printable(channel))'"
                + nearest(to: channel, among: channels, orElse: "no experiment has maxima yet"))
    }

    private func columns(
        of declarations: [Declaration], _ warnings: inout [String]
    ) throws(QueryError) -> [String] {
        var batch = CommandPipeline()
        let answers = declarations.flatMap { declaration in
            declaration.places.map { place in
                batch.ask(place, "ZRANGE", place.columns(of: declaration.id), "0", "-1") { reply throws(RedisError) in
                    try reply.strings().compactMap(\.self)
                }
            }
        }
        try session.run(batch)
        return try session.checked { () throws(RedisError) in
            var seen: Set<ExactText> = []
            var columns: [String] = []
            for answer in answers {
                columns += try answer.value(or: [], &warnings).filter { seen.insert(ExactText($0)).inserted }
            }
            return columns
        }
    }

    private func unprefixed(_ field: String) -> String {
        switch FieldName(field) {
        case .param(let name), .meta(let name), .maximum(let name): name
        case .other: field
        }
    }
}
