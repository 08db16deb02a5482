import Glibc
import HyperoCore
import HyperoSchema

extension OrphanedJournal {
    /// The locking and reading of a journal, one segment per step.
    ///
    /// A step reads at most a few times the size of a segment, so that the sender of a training and a command with a deadline
    /// can do other work between two steps. Only one segment is in memory at a time.
    struct Opening {
        private let root: JournalRoot
        private let folder: JournalFolder
        private let machine: HostIdentity
        private let ordinals: [Int]
        /// The last intact header, which has all ancestors; nil if there is none.
        private let header: SegmentHeader?
        private let progress: SegmentHeader.Progress
        private let truncatedFiles: [String]
        /// The segments read so far, each with the sequence number of its first record, or of an earlier segment's.
        private var segments: [(firstSeq: UInt64, segment: Segment)] = []
        /// true if a segment has a record.
        private var hasRecords = false
        /// true if the client was closed. Its open experiments are left to other processes.
        private var isClosed = false
        /// nil until all segments are read.
        private var scan: Scan?

        /// The scan of the segments in the order of their records.
        private struct Scan {
            var records: RecordScan
            var remaining: ArraySlice<Segment>
        }

        /// The result of an opening that ended at its begin.
        struct End: Error {
            let result: OpenResult
        }

        /// Locks a journal, and reads the headers of its segments.
        ///
        /// - Parameters:
        ///   - isSilent: Returns whether the heartbeat has not changed for long enough. Called if the journal was written
        ///     before this machine started: the lock of a process on another machine may be invisible.
        ///   - isAdoptable: Returns whether a journal with this header may be adopted.
        static func begin(
            _ name: String, in root: JournalRoot, machine: HostIdentity, isSilent: (Heartbeat) -> Bool,
            where isAdoptable: (SegmentHeader, Bool) -> Bool
        ) -> Result<Opening, End> {
            do {
                let folder = try JournalFolder(locking: name, in: root)
                let opening = try Opening(folder, in: root, machine: machine, isSilent: isSilent, where: isAdoptable)
                return .success(opening)
            } catch let end as End {
                return .failure(end)
            } catch {
                return .failure(End(result: result(of: error)))
            }
        }

        private static func result(of error: any Error) -> OpenResult {
            switch error as? JournalFileError {
            case .notPrivate(let path, let violation): .notPrivate(path: path, violation)
            case .locked: .locked
            case .replaced: .nothing
            case .some(let error) where error.isMissing: .nothing
            default: .unreadable("\(error)")
            }
        }

        private init(
            _ folder: JournalFolder, in root: JournalRoot, machine: HostIdentity, isSilent: (Heartbeat) -> Bool,
            where isAdoptable: (SegmentHeader, Bool) -> Bool
        ) throws {
            self.root = root
            self.folder = folder
            self.machine = machine
            ordinals = folder.segmentOrdinals()
            var header: SegmentHeader?
            var heartbeat = Heartbeat(folder: try folder.status().modified)
            var truncatedFiles: [String] = []
            for ordinal in ordinals {
                let file = SegmentFile(folder: folder, ordinal: ordinal)
                let (result, progress, status) = try Self.readHeader(of: file)
                heartbeat.add(progress, modified: status.modified)
                guard status.size >= SegmentHeader.size else {
                    truncatedFiles.append("\(file.path) has \(status.size) bytes")
                    continue
                }
                switch result {
                case .header(let found):
                    // All headers of a journal name the same machine and deployment.
                    let isUnsent = ordinals.first == 1 && progress.acknowledged == nil && progress.applied == nil
                    guard found.machine.isSameMachine(as: machine), isAdoptable(found, isUnsent) else {
                        throw End(result: .foreign)
                    }
                    header = found
                    if let size = found.segmentSize, status.size < size {
                        truncatedFiles.append("\(file.path) has \(status.size) of \(size) bytes")
                    }
                case .unknownVersion(let version):
                    throw End(
                        result: .unreadable(
                            "\(file.path) has format \(version), but this version of hypero reads format "
                                + "\(SegmentHeader.version)"))
                // The records have their own checksums, and the header of another segment names the producer.
                case .damaged: break
                }
            }
            guard !ordinals.isEmpty else {
                if !folder.isNew { folder.remove() }
                throw End(result: .nothing)
            }
            if let header, !header.machine.hasSameBoot(as: machine), !isSilent(heartbeat) {
                throw End(result: .maybeAlive)
            }
            self.header = header
            progress = heartbeat.progress
            self.truncatedFiles = truncatedFiles
        }

        private static func readHeader(
            of file: SegmentFile
        ) throws(JournalFileError) -> (SegmentHeader.ReadResult, SegmentHeader.Progress, FileStatus) {
            // Open for writing, because the adopter stores its progress and then removes the file.
            let opened = try file.open(O_RDWR)
            let status = try opened.status()
            let base = UnsafeMutableRawPointer.allocate(byteCount: SegmentHeader.size, alignment: 8)
            defer { base.deallocate() }
            guard try opened.read(SegmentHeader.size, into: base) else {
                return (.damaged, SegmentHeader.Progress(), status)
            }
            return (
                SegmentHeader.read(from: base, space: SegmentHeader.size),
                SegmentHeader.Progress(from: base, space: SegmentHeader.size), status
            )
        }

        /// Reads the next segment.
        ///
        /// - Returns: The result; nil if there are more segments.
        mutating func step() -> OpenResult? {
            do throws(JournalFileError) {
                if segments.count < ordinals.count {
                    try readNext()
                } else if scan != nil {
                    try scanNext()
                } else if let result = beginScan() {
                    return result
                }
            } catch {
                return Self.result(of: error)
            }
            guard var scan, let header else { return nil }
            guard !scan.records.isExhausted else {
                return .unreadable("the records in \(folder.path) overlap, no client has written them")
            }
            guard scan.remaining.isEmpty else { return nil }
            // A client of the first format did not tell whether it was closed, and may have left its experiments to others.
            let isKnown = header.format > SegmentHeader.oldestVersion
            let isOpen = isKnown && !isClosed && !scan.records.open.isEmpty
            let awaitsDescendants = isOpen && root.hasDescendant(of: header.producer)
            if isOpen, !awaitsDescendants { scan.records.endOpenExperiments() }
            return .opened(
                OrphanedJournal(
                    folder: folder, header: header, segments: segments.map(\.segment), scan: scan.records,
                    progress: progress, truncatedFiles: truncatedFiles, awaitsDescendants: awaitsDescendants))
        }

        private mutating func readNext() throws(JournalFileError) {
            let segment = try Segment.existingFile(SegmentFile(folder: folder, ordinal: ordinals[segments.count]))
            let firstSeq = RecordScan.firstSeq(in: segment)
            segment.copy?.unload()
            hasRecords = hasRecords || firstSeq != nil
            // A segment without a record follows the one that was created before it.
            segments.append((firstSeq ?? segments.last?.firstSeq ?? 0, segment))
        }

        /// Sorts the segments in the order of their records, which may differ from the order of their creation.
        ///
        /// - Returns: The result if there is nothing to scan; nil otherwise.
        private mutating func beginScan() -> OpenResult? {
            guard let header else {
                if !truncatedFiles.isEmpty {
                    return .unreadable("a file was shortened: \(truncatedFiles.joined(separator: ", "))")
                }
                guard hasRecords else {
                    // After a power loss of the host, a file may be empty. Clients of earlier versions wrote the header of a
                    // file that had its name.
                    for (_, segment) in segments { segment.remove() }
                    folder.remove()
                    return .nothing
                }
                return .unreadable("no segment in \(folder.path) has an intact header")
            }
            let sorted = segments.enumerated().sorted {
                ($0.element.firstSeq, $0.offset) < ($1.element.firstSeq, $1.offset)
            }
            let stored = folder.storedExperiments()
            isClosed = stored == nil
            scan = Scan(
                records: RecordScan(
                    ancestorCount: header.ancestors.count, isFromStart: ordinals.first == 1,
                    hasSameBoot: header.machine.hasSameBoot(as: machine), open: stored ?? OpenExperiments()),
                remaining: sorted.map(\.element.segment)[...])
            return nil
        }

        private mutating func scanNext() throws(JournalFileError) {
            guard let segment = scan?.remaining.popFirst() else { return }
            try segment.copy?.load()
            scan?.records.scan(segment)
            segment.copy?.seal()
            segment.copy?.unload()
        }
    }
}
