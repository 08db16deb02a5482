import HyperoSchema

/// A part of an archive that is missing.
struct ArchiveHole: Sendable, Hashable {
    let text: String
    /// The id up to which the hole concerns a server that has all entries up to there, for example from a backup.
    let through: StreamID
}

/// The facts about one archive file that show whether the file before it, or its own end, is missing.
struct ArchiveFileFacts: Sendable {
    let path: String
    let header: ArchiveHeader
    /// The size in bytes of the complete records, with the first line.
    let size: Int
    let isEnded: Bool
    /// The first entry of the file, or the one before its first command; nil without records.
    let first: ArchiveKey?
    /// The number of entries of the series that precede the first record.
    let preceding: Int
    /// The bytes of damaged records that were passed over.
    var damages: [Range<Int>] = []

    /// Returns what the files show about each other.
    ///
    /// - Parameter isKnown: returns whether the server has everything before a file.
    static func holes(in files: [ArchiveFileFacts], except isKnown: (ArchiveFileFacts) -> Bool) -> [ArchiveHole] {
        var byID: [String: ArchiveFileFacts] = [:]
        for file in files where file.size >= byID[file.header.file]?.size ?? 0 { byID[file.header.file] = file }
        let formers = Set(files.compactMap(\.header.former))
        var holes: [ArchiveHole] = []
        for file in byID.values.sorted(by: { $0.path < $1.path }) {
            let path = printable(file.path)
            for damage in file.damages {
                holes.append(
                    ArchiveHole(
                        text:
                            "\(damage.count) bytes of \(path) from byte \(damage.lowerBound) on are damaged and were passed over. A line "
                            + "of its own counts the entries that are missing, but commands of operators may be missing too",
                        through: .highest))
            }
            if let former = file.header.former, !isKnown(file) {
                let through = file.first?.id ?? .highest
                if let found = byID[former] {
                    if found.size < file.header.formerSize {
                        holes.append(
                            ArchiveHole(
                                text:
                                    "\(printable(found.path)) was cut: \(file.header.formerSize - found.size) bytes of records are missing",
                                through: through))
                    }
                } else {
                    let time = file.first.map { $0.id }.map {
                        $0 == .zero ? "" : ", of before \(ArchiveTime.text(of: $0)) UTC,"
                    }
                    holes.append(
                        ArchiveHole(
                            text:
                                "the file that was written before \(path)\(time ?? "") is missing: the name of such a file has an "
                                + "earlier day, or a lower number", through: through))
                }
            }
            if !file.isEnded, !formers.contains(file.header.file) {
                holes.append(
                    ArchiveHole(
                        text:
                            "\(path) has no end: its process was killed or still writes it, or the file was cut. Records may be "
                            + "missing after its last one", through: .highest))
            }
        }
        return holes
    }
}

/// The place of an entry in an archive: the series, and the id within it.
struct ArchiveKey: Sendable, Hashable, Comparable {
    let series: UInt64
    let id: StreamID

    static func < (left: Self, right: Self) -> Bool { (left.series, left.id) < (right.series, right.id) }
}
