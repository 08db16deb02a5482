import HyperoRedis
import HyperoSchema

extension Requeue {
    /// Dead letters that were found, and can be discarded.
    public struct Found {
        /// The number of dead letters.
        public internal(set) var count = 0
        /// The selected ids that are not found.
        public internal(set) var unknown: [String] = []
        /// The keys of another number of partitions that have dead letters, if all dead letters were selected.
        public internal(set) var others: [String] = []
        let partitions: [PartitionRequeue]
        /// The dead letters by the indices of their partitions: those of some ids, or all up to an id.
        var selected: [Int: Range] = [:]

        enum Range {
            case ids([StreamID])
            case through(String)
        }
    }

    /// Finds dead letters.
    ///
    /// - Throws: ``RequeueError`` if the dead letters cannot be read, or if an id is not unique.
    public func find(_ selection: Selection) throws(RequeueError) -> Found {
        try converting {
            var found = Found(partitions: try connect())
            switch selection {
            case .all:
                for (index, partition) in found.partitions.enumerated() {
                    guard let newest = try partition.newest() else { continue }
                    found.selected[index] = .through(newest)
                    found.count += try partition.count()
                }
                found.others = try othersWithDeadLetters()
            case .ids(let ids):
                let (selected, unknown) = try find(ids, in: found.partitions)
                found.selected = selected.mapValues { .ids($0) }
                found.count = selected.values.reduce(0) { $0 + $1.count }
                found.unknown = unknown
            }
            return found
        }
    }

    /// Removes dead letters, whose events are then lost. Those that came after ``find(_:)`` stay.
    ///
    /// - Returns: the number of removed dead letters.
    /// - Throws: ``RequeueError`` if not all could be removed.
    public func discard(_ found: Found) throws(RequeueError) -> Int {
        try converting {
            var report = Report()
            for (index, range) in found.selected.sorted(by: { $0.key < $1.key }) {
                switch range {
                case .ids(let ids): try found.partitions[index].send(ids, applying: nil, into: &report)
                case .through(let last):
                    try found.partitions[index].sendAll(through: last, applying: nil, into: &report)
                }
            }
            return report.sent
        }
    }
}
