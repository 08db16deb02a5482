import HyperoRedis
import HyperoSchema

extension StreamInfo {
    /// Returns the number of entries after the cursor; nil if the server is too old to count them.
    ///
    /// The backlog is the number of entries ever added minus the number of entries up to the cursor. Unlike the length
    /// of the stream, the backlog stays correct when the stream is trimmed. If the cursor is at the stream's last id,
    /// the backlog is 0 without regard to the counts, because a crash of the server may have lost one count and not the
    /// other.
    ///
    /// - Parameters:
    ///   - cursor: the last applied id; nil if no entry was applied yet.
    ///   - entries: the number of entries added up to the cursor; nil if unknown.
    ///   - consumed: the number of entries up to the cursor, by outcome. The sum replaces an unknown `entries`.
    func backlog(after cursor: StreamID?, entries: Int? = nil, consumed: [Int]) -> Int? {
        if lastID ?? .zero <= cursor ?? .zero { return 0 }
        guard let added = entriesAdded else { return nil }
        if let entries { return max(added.subtractingReportingOverflow(entries).partialValue, 0) }
        let backlog = consumed.reduce(added) { $0.subtractingReportingOverflow($1).partialValue }
        return max(backlog, 0)
    }
}
