import HyperoCore
import HyperoRedis
import HyperoSchema

/// A journal whose process is gone, read and ours: nobody else sends it.
struct OrphanedJournal {
    let folder: JournalFolder
    let header: SegmentHeader
    /// All segments, also those without a record.
    let segments: [Segment]
    let scan: RecordScan

    /// How far its process, or one that sent it since, has come with it.
    var progress: SegmentHeader.Progress {
        let written = segments.map { SegmentHeader.Progress(from: $0.base, space: $0.size) }
        var latest = SegmentHeader.Progress()
        latest.taken = written.compactMap(\.taken).max { $0.seq < $1.seq }
        latest.applied = written.compactMap(\.applied).max { $0.seq < $1.seq }
        return latest
    }

    /// What came of trying to take a journal over.
    enum Taking {
        case taken(OrphanedJournal)
        /// Somebody holds it, or it is gone.
        case held
        /// It is another's business: another machine's, another deployment's.
        case foreign
        /// It stays where it is, for a person to look at: the sentence says why.
        case unreadable(String)
    }

    /// Takes a journal over if nobody holds it.
    ///
    /// - Parameter isOurs: whether its header is that of a journal to take.
    static func take(
        _ name: String, in root: JournalRoot, machine: HostIdentity, where isOurs: (SegmentHeader) -> Bool
    ) -> Taking {
        guard let folder = JournalFolder(taking: name, in: root) else { return .held }
        var segments: [Segment] = []
        var headers: [SegmentHeader] = []
        let ordinals = folder.segments()
        for ordinal in ordinals {
            let segment: Segment
            do {
                segment = try .left(at: folder.segment(ordinal))
            } catch {
                return .unreadable("\(error)")
            }
            switch SegmentHeader.read(from: segment.base, space: segment.size) {
            case .header(let header):
                // All of a journal say the same of this, and the others need not be looked at.
                guard header.machine.isSameMachine(as: machine), isOurs(header) else { return .foreign }
                headers.append(header)
            case .unknownVersion(let version):
                return .unreadable("\(folder.segment(ordinal)) is of format \(version), and this program knows 1")
            // The records have checksums of their own, and another segment may say whose they are.
            case .damaged: break
            }
            segments.append(segment)
        }
        guard !segments.isEmpty else {
            folder.remove()
            return .held
        }
        // The longest line of ancestors: the records' origins count on it.
        guard let header = headers.last else {
            if segments.allSatisfy({ RecordScan.first(in: $0) == nil }) {
                // Its maker was killed before it wrote anything.
                for segment in segments { segment.remove() }
                folder.remove()
                return .held
            }
            return .unreadable("no segment in \(folder.path) says whose it is")
        }
        var scan = RecordScan(
            origins: header.ancestors.count, isFromStart: ordinals.first == 1,
            hasSameBoot: header.machine.hasSameBoot(as: machine))
        for segment in inOrderOfUse(segments) { scan.scan(segment) }
        // The rest of what was reserved is given back, behind the last piece of each segment.
        for (piece, next) in zip(scan.pieces, scan.pieces.dropFirst().map(\.segment) + [nil])
        where piece.segment !== next { piece.segment.shorten(to: piece.end) }
        return .taken(OrphanedJournal(folder: folder, header: header, segments: segments, scan: scan))
    }

    /// The segments as their records follow each other: one may have been made before another and used after it. One
    /// without a record stays behind the one that was made before it.
    private static func inOrderOfUse(_ segments: [Segment]) -> [Segment] {
        var first: UInt64 = 0
        let starts = segments.map { segment in
            first = RecordScan.first(in: segment) ?? first
            return (first, segment)
        }
        return starts.enumerated().sorted { ($0.element.0, $0.offset) < ($1.element.0, $1.offset) }.map(\.element.1)
    }
}
