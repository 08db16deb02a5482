import HyperoRedis
import HyperoSchema

/// The fields of a partition that an ingest reads before it reads anything else.
struct PartitionHeader {
    /// The format of the keys that this ingest writes.
    static let currentFormat = IngestField.currentFormat

    /// The format of the keys; nil for a new partition, and for the first format.
    let format: Int?
    /// True if entries were applied.
    let hasCursor: Bool
    /// The last command of an operator that was carried out.
    let control: StreamID
    /// The value of ``IngestField/unarchived``.
    let unarchived: String
    /// The number of commands that were carried out, and the last of them.
    let commands: CommandsField
    /// True if entries of the partition were archived.
    let isArchived: Bool
    /// True if entries or commands of the partition were archived, and later ones are not.
    let hasUnarchived: Bool

    /// True if the keys of an older format are to be migrated.
    var needsMigration: Bool { format == nil && hasCursor }

    /// Reads the header: HMGET ingest format cursor control unarchived commands
    /// archived read.
    ///
    /// - Throws: an error if the format is unknown.
    init(of keyspace: Keyspace, over connection: inout RedisConnection) throws(RedisError) {
        var reply = try connection.call(
            "HMGET", keyspace.ingest, IngestField.format, IngestField.cursor, IngestField.control,
            IngestField.unarchived, IngestField.commands, IngestField.archived,
            IngestField.read)
        if let error = reply.error { throw error.naming(key: keyspace.ingest, expected: .hash) }
        let fields = try reply.strings(count: 7)
        if let text = fields[0] {
            guard let format = Int(text), (1...Self.currentFormat).contains(format) else {
                throw RedisError(
                    .other,
                    "unknown format of the keys: \(printable(text)) in \(keyspace.ingest), this ingest knows formats up to "
                        + "\(Self.currentFormat). Start the version of hypero-ingest that wrote them, or a later one")
            }
            self.format = format == 1 ? nil : format
        } else {
            format = nil
        }
        hasCursor = fields[1] != nil
        control = fields[2].flatMap { StreamID($0) } ?? .zero
        unarchived = fields[3] ?? ""
        commands = fields[4].flatMap { CommandsField($0) } ?? CommandsField(count: 0, last: .zero)
        isArchived = fields[5] != nil
        let (archived, read) = (fields[5].flatMap { ArchivedField($0) }, fields[6].flatMap { ReadField($0) })
        let hasEntries =
            if let archived, let read {
                archived.series == read.series.number && archived.count < read.count
            } else { false }
        hasUnarchived = !unarchived.isEmpty || hasEntries
    }
}
