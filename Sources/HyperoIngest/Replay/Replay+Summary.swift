import HyperoSchema

extension Replay {
    /// The counts of a replay.
    package struct Summary: Sendable, Hashable {
        /// The last entry of a partition.
        struct End: Sendable, Hashable {
            let tag: String
            let id: StreamID
        }

        package var entries = 0
        package var commands = 0
        /// The entries that the server had.
        package var skipped = 0
        /// The entries that occurred before in the files.
        package var repeated = 0
        /// The dead letters that the partitions have.
        package var deadLetters = 0
        /// The entries that were applied and had been dead letters before.
        package var requeued = 0
        /// The parts of the archive that are missing, one sentence each.
        package var gaps: [String] = []
        /// True if one of ``gaps`` can be filled only by a replay of further files.
        package private(set) var isHoled = false
        /// The files whose last record is torn.
        package var torn: [String] = []
        /// The last entries of the partitions that have one.
        var ends: [End] = []

        /// The time of the last entry, and of that partition which ends first; nil without an entry.
        package var end: String? {
            guard let last = ends.map(\.id).max(), let first = ends.min(by: { $0.id < $1.id }) else { return nil }
            let (lastTime, firstTime) = (ArchiveTime.text(of: last), ArchiveTime.text(of: first.id))
            return "\(lastTime) UTC" + (firstTime == lastTime ? "" : ", \(first.tag) up to \(firstTime) UTC")
        }

        mutating func add(_ hole: ArchiveHole, of keyspace: Keyspace) {
            gaps.append("\(hole.text), of \(keyspace.tag)")
            isHoled = true
        }

        /// Adds partitions without a file.
        mutating func addMissing(_ keyspaces: [Keyspace]) {
            guard !keyspaces.isEmpty else { return }
            let tags = keyspaces.prefix(10).map(\.tag).joined(separator: " ")
            let more = keyspaces.count > 10 ? " and \(keyspaces.count - 10) more partitions" : ""
            gaps.append("no file of \(tags)\(more). Give its files, unless nothing was ever logged to this partition")
            isHoled = true
        }
    }
}
