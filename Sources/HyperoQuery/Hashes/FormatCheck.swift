import HyperoRedis
import HyperoSchema

/// The check that the keys of the partitions have a format that this version knows, in the round trip of the batteries' hashes.
struct FormatCheck {
    private var formats: [(keyspace: Keyspace, reply: PendingReply<[String?]>)] = []

    /// Appends the command for a partition.
    mutating func append(_ keyspace: Keyspace, to pipeline: inout CommandPipeline) {
        // HMGET, which the account of every query needs anyway.
        let reply = pipeline.append("HMGET", keyspace.ingest, IngestField.format, in: keyspace, as: .optionalStrings)
        formats.append((keyspace, reply))
    }

    /// Returns a warning for each partition of an unknown format. None for a partition whose format the account must not read.
    func warnings() throws(QueryError) -> [String] {
        var warnings: [String] = []
        for (keyspace, reply) in formats {
            let text = try reply.valueIfPermitted()?.first.flatMap(\.self)
            warnings += [text.flatMap { Self.warning(format: Int($0), tag: keyspace.tag) }].compactMap(\.self)
        }
        return warnings
    }

    /// Returns the warning about a format; nil if this version knows it.
    static func warning(format: Int?, tag: String) -> String? {
        guard let format, !(1...IngestField.currentFormat).contains(format) else { return nil }
        return
            "the keys of \(tag) have format \(format), and this version knows formats up to \(IngestField.currentFormat): "
            + "results may be wrong. Use the version of hypero-query that belongs to the ingest, or a later one"
    }
}
