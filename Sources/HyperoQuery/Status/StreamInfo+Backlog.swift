import HyperoRedis
import HyperoSchema

extension StreamInfo {
    /// Returns the number of entries after the cursor; nil if the server is too old to count them.
    ///
    /// The backlog is the entries ever added, minus those up to the cursor. Unlike the length of the stream, this stays
    /// right when the stream is trimmed. At the stream's last id the backlog is 0 whatever the counts are: a crash of the
    /// server may have lost one count and not the other.
    ///
    /// - Parameters:
    ///   - cursor: the last applied id; nil if no entry was applied yet.
    ///   - entries: the entries added up to the cursor; nil if unknown.
    ///   - consumed: the entries consumed, by outcome. Their sum replaces an unknown `entries`.
    func backlog(after cursor: StreamID?, entries: Int? = nil, consumed: [Int]) -> Int? {
        if lastID ?? .zero <= cursor ?? .zero { return 0 }
        guard let added = entriesAdded else { return nil }
        if let entries { return max(added.subtractingReportingOverflow(entries).partialValue, 0) }
        let backlog = consumed.reduce(added) { $0.subtractingReportingOverflow($1).partialValue }
        return max(backlog, 0)
    }
}
