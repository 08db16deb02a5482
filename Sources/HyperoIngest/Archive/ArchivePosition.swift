import HyperoSchema

/// A position in the series of a partition.
struct ArchivePosition: Sendable, Hashable {
    /// The number of the series.
    var series: UInt64
    /// The last entry.
    var id: StreamID
    /// The number of entries of the series up to the last one.
    var count: Int
}
