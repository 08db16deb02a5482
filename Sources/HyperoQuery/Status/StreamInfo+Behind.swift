import HyperoRedis
import HyperoSchema

extension StreamInfo {
    /// How many entries wait to be applied; nil when the server is too old to say.
    ///
    /// Entries added minus entries that are done with, which is right also when the stream was trimmed. At the last id
    /// nothing waits, whatever the numbers say: they may have been lost apart from each other.
    ///
    /// - Parameters:
    ///   - entries: how many had been added up to the cursor; nil when that is not known.
    ///   - consumed: how many were done with, by how they were; for when it is not.
    func behind(cursor: StreamID?, entries: Int? = nil, consumed: [Int]) -> Int? {
        if lastID ?? .zero <= cursor ?? .zero { return 0 }
        guard let added = entriesAdded else { return nil }
        if let entries { return max(added.subtractingReportingOverflow(entries).partialValue, 0) }
        let rest = consumed.reduce(added) { $0.subtractingReportingOverflow($1).partialValue }
        return max(rest, 0)
    }
}
