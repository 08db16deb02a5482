package import HyperoSchema

/// The part of the reply of XINFO STREAM that hypero needs.
package struct StreamInfo: Sendable {
    /// The number of entries in the stream.
    package var length = 0
    /// `last-generated-id`: the highest id the stream ever had; nil if the key does not exist.
    package var lastID: StreamID?
    /// `entries-added`: the number of entries ever added; nil before Redis 7.0.
    package var entriesAdded: Int?
    /// The id of the first entry in the stream; nil if it is empty.
    package var firstEntryID: StreamID?
    /// The id of the last entry in the stream; nil if it is empty.
    package var lastEntryID: StreamID?

    /// True if every XADD fails, because no id is higher than the last one.
    package var hasExhaustedIDs: Bool { lastID == .highest }

    /// Creates the information of a stream that does not exist.
    package init() {
        entriesAdded = 0
    }

    /// Reads the reply of XINFO STREAM: alternating names and values of several types. Unknown names are skipped.
    ///
    /// "ERR no such key" is read as a stream that does not exist, because no client has written to it yet. A truncated
    /// reply leaves the properties after the truncation unset.
    ///
    /// - Throws: any other error reply.
    package init(_ reply: inout Reply) throws(RedisError) {
        if let error = reply.error, error.code == .noSuchKey {
            entriesAdded = 0
            try reply.skip()
            return
        }
        for _ in 0..<(try reply.array() ?? 0) / 2 {
            // The reply may be truncated before or after any name, because the first or last entry may have many
            // fields.
            if reply.isAtTruncation { return }
            let name = try reply.string()
            if reply.isAtTruncation { return }
            switch name {
            case "length": length = try reply.integer()
            case "entries-added": entriesAdded = try reply.integer()
            case "last-generated-id": lastID = try reply.string().flatMap { StreamID($0) }
            case "first-entry": firstEntryID = try Self.entryID(&reply)
            case "last-entry": lastEntryID = try Self.entryID(&reply)
            default: try reply.skip()
            }
        }
    }

    /// Reads an entry or null, and returns the id of the entry.
    private static func entryID(_ reply: inout Reply) throws(RedisError) -> StreamID? {
        guard try reply.array() != nil, !reply.isAtTruncation else { return nil }
        let id = try reply.string().flatMap { StreamID($0) }
        try reply.skip()
        return id
    }
}
