import HyperoCore
import HyperoSchema

/// The journal of a dead process, locked by this client and read.
struct OrphanedJournal {
    let folder: JournalFolder
    let header: SegmentHeader
    /// All segments, including those without a record.
    let segments: [Segment]
    let scan: RecordScan

    /// The progress of its process, or of a later client that sent a part of the journal.
    var progress: SegmentHeader.Progress {
        let written = segments.map { SegmentHeader.Progress(from: $0.base, space: $0.size) }
        var latest = SegmentHeader.Progress()
        latest.acknowledged = written.compactMap(\.acknowledged).max { $0.seq < $1.seq }
        latest.applied = written.compactMap(\.applied).max { $0.seq < $1.seq }
        return latest
    }

    /// The result of opening a journal.
    enum OpenResult {
        case opened(OrphanedJournal)
        /// Another client holds the lock, or there is nothing to adopt.
        case locked
        /// The journal belongs to another machine or another deployment.
        case foreign
        /// The journal cannot be read, and its files stay for the user to inspect. The text is the reason.
        case unreadable(String)
    }

    /// Locks and reads a journal that no client holds.
    ///
    /// - Parameter isAdoptable: Returns whether a journal with this header may be adopted.
    static func open(
        _ name: String, in root: JournalRoot, machine: HostIdentity, where isAdoptable: (SegmentHeader) -> Bool
    ) -> OpenResult {
        guard let folder = JournalFolder(locking: name, in: root) else { return .locked }
        var segments: [Segment] = []
        var headers: [SegmentHeader] = []
        let ordinals = folder.segmentOrdinals()
        for ordinal in ordinals {
            let segment: Segment
            do {
                segment = try .existingFile(at: folder.segmentPath(ordinal))
            } catch {
                return .unreadable("\(error)")
            }
            switch SegmentHeader.read(from: segment.base, space: segment.size) {
            case .header(let header):
                // All headers of a journal name the same machine and deployment.
                guard header.machine.isSameMachine(as: machine), isAdoptable(header) else { return .foreign }
                headers.append(header)
            case .unknownVersion(let version):
                return .unreadable(
                    "\(folder.segmentPath(ordinal)) has format \(version), but this version of hypero reads format "
                        + "\(SegmentHeader.version)")
            // The records have their own checksums, and the header of another segment names the producer.
            case .damaged: break
            }
            segments.append(segment)
        }
        guard !segments.isEmpty else {
            folder.remove()
            return .locked
        }
        // The last header has all ancestors, which the origins of the records refer to.
        guard let header = headers.last else {
            if segments.allSatisfy({ RecordScan.firstSeq(in: $0) == nil }) {
                // The process was killed before it wrote a header.
                for segment in segments { segment.remove() }
                folder.remove()
                return .locked
            }
            return .unreadable("no segment in \(folder.path) has an intact header")
        }
        var scan = RecordScan(
            ancestorCount: header.ancestors.count, isFromStart: ordinals.first == 1,
            hasSameBoot: header.machine.hasSameBoot(as: machine))
        for segment in sortedByUse(segments) { scan.scan(segment) }
        // Free the reserved blocks after the last piece of each segment.
        for (piece, next) in zip(scan.pieces, scan.pieces.dropFirst().map(\.segment) + [nil])
        where piece.segment !== next { piece.segment.truncate(to: piece.end) }
        return .opened(OrphanedJournal(folder: folder, header: header, segments: segments, scan: scan))
    }

    /// Returns the segments in the order of their records, which may differ from the order of their creation. A segment
    /// without a record follows the one that was created before it.
    private static func sortedByUse(_ segments: [Segment]) -> [Segment] {
        var first: UInt64 = 0
        let starts = segments.map { segment in
            first = RecordScan.firstSeq(in: segment) ?? first
            return (first, segment)
        }
        return starts.enumerated().sorted { ($0.element.0, $0.offset) < ($1.element.0, $1.offset) }.map(\.element.1)
    }
}
