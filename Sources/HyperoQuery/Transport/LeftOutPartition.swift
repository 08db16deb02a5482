/// A partition that a query has left out, because its server did not answer.
public struct LeftOutPartition: Sendable, Hashable {
    /// The hash tag of the partition's keys: `{hypero}`, or `{hypero:0}` with several partitions.
    public let tag: String
    /// True if the partition exists. Of one that was never seen it is unknown, unless a partition with a higher number exists or
    /// the number of partitions is given.
    public let isKnown: Bool
    /// The error of its server, without secrets.
    public let reason: String
}

extension [LeftOutPartition] {
    /// The partitions that exist and are left out, one sentence each, and one sentence per reason for those that may exist.
    var sentences: [String] {
        var sentences = filter(\.isKnown).map { "\($0.tag) is left out: \($0.reason)" }
        var seen: Set<String> = []
        for reason in filter({ !$0.isKnown }).map(\.reason) where seen.insert(reason).inserted {
            let tags = filter { !$0.isKnown && $0.reason == reason }.map(\.tag)
            let list = tags.prefix(3).joined(separator: ", ")
            let rest = tags.count > 3 ? " and \(tags.count - 3) more" : ""
            sentences.append(
                tags.count == 1
                    ? "\(list) is left out if it exists: \(reason)"
                    : "\(list)\(rest) are left out if they exist: \(reason)")
        }
        return sentences
    }
}
