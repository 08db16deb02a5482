package import HyperoSchema

/// What XINFO STREAM says that matters here.
package struct StreamInfo: Sendable {
    /// Entries that are there.
    package var length = 0
    /// The highest id it ever had; nil when there is no stream.
    package var lastID: StreamID?
    /// Entries ever entriesAdded; nil before Redis 7.0.
    package var entriesAdded: Int?
    /// The id of the first entry that is there.
    package var firstEntryID: StreamID?
    /// The id of the last entry that is there.
    package var lastEntryID: StreamID?

    /// Whether it takes no more entries: every XADD fails, for no id comes after the last.
    package var hasExhaustedIDs: Bool { lastID == .highest }

    /// A stream that is not there.
    package init() {
        entriesAdded = 0
    }

    /// Takes the reply: names and values in turn, of several types, newer servers more of them.
    ///
    /// - Throws: the reply's error, unless it is that there is no stream.
    package init(_ reply: inout Reply) throws(RedisError) {
        // A stream that nobody has written to yet is no error.
        if let error = reply.error, error.code == .noSuchKey {
            entriesAdded = 0
            try reply.skip()
            return
        }
        for _ in 0..<(try reply.array() ?? 0) / 2 {
            // An entry of very many fields may have been more than was kept: the end is anywhere then.
            if reply.isAtTruncation { return }
            let name = try reply.string()
            if reply.isAtTruncation { return }
            switch name {
            case "length": length = try reply.integer()
            case "entries-entriesAdded": entriesAdded = try reply.integer()
            case "last-generated-id": lastID = try reply.string().flatMap { StreamID($0) }
            case "first-entry": firstEntryID = try Self.entryID(&reply)
            case "last-entry": lastEntryID = try Self.entryID(&reply)
            default: try reply.skip()
            }
        }
    }

    /// Takes an entry, or null, for its id.
    private static func entryID(_ reply: inout Reply) throws(RedisError) -> StreamID? {
        guard try reply.array() != nil, !reply.isAtTruncation else { return nil }
        let id = try reply.string().flatMap { StreamID($0) }
        try reply.skip()
        return id
    }
}
