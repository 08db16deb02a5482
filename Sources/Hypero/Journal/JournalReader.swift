import Glibc
import HyperoCore

/// The reading of one journal without its lock.
struct JournalReader {
    /// The descriptor of the folder that contains the journals.
    let root: CInt
    let machine: HostIdentity
    /// The owner of the journal. All its files must belong to this user.
    let user: UInt32
    let now: Int64
    /// The bytes of files that may still be read.
    var budget: Int

    /// The number of files that are read, many times that of the largest journal of a client.
    private static let maxFiles = 4_096

    /// A file of the journal with its header.
    private struct Part {
        let name: String
        var header: SegmentHeader?
        var isReadable = true
    }

    /// Returns the report; nil if the journal was removed meanwhile.
    mutating func report(on name: String, _ status: FileStatus, holder: Int32?) -> JournalReport? {
        var report = JournalReport(name: name, user: user, changed: status.modified / 1_000_000)
        if let violation = status.violation(expecting: .folder, user: user) {
            report.add(problem: "\(violation)")
            report.decide(holder: holder, machine: nil, current: machine, isReadable: false, now: now)
            return report
        }
        let folder: OpenFolder
        do {
            folder = try OpenFolder(name, in: root)
        } catch {
            guard !error.isMissing else { return nil }
            report.add(problem: "\(error)")
            report.decide(holder: holder, machine: nil, current: machine, isReadable: false, now: now)
            return report
        }
        var progress = SegmentHeader.Progress()
        var parts: [Part] = []
        let files = OpenFolder.entryNames(in: folder.descriptor).sorted()
        if files.count > Self.maxFiles {
            report.add(problem: "\(files.count) files, of which \(Self.maxFiles) are read")
        }
        for file in files.prefix(Self.maxFiles) {
            guard file != ".", file != "..", let status = FileStatus(of: file, in: folder.descriptor) else { continue }
            report.bytes += status.allocated
            guard JournalFolder.isSegment(file) else { continue }
            report.changed = max(report.changed, status.modified / 1_000_000)
            if let part = readHeader(of: file, in: folder, &progress, &report) { parts.append(part) }
        }
        let header = parts.lazy.compactMap(\.header).last
        if let header { report.add(header) }
        let acknowledged = progress.acknowledged?.seq ?? 0
        let hasSameBoot = header?.machine.hasSameBoot(as: machine) ?? false
        var count = (events: 0, unsent: 0)
        for part in parts where part.isReadable {
            countRecords(of: part, in: folder, acknowledged: acknowledged, hasSameBoot: hasSameBoot, &count, &report)
        }
        // A folder without a file is that of a client that has just ended.
        let isReadable = parts.isEmpty || header != nil
        if isReadable { (report.events, report.unsent) = count }
        report.decide(holder: holder, machine: header?.machine, current: machine, isReadable: isReadable, now: now)
        return report
    }

    /// Reads the header of a file, and adds its progress.
    ///
    /// - Returns: nil if the file was removed meanwhile.
    private func readHeader(
        of name: String, in folder: borrowing OpenFolder, _ progress: inout SegmentHeader.Progress,
        _ report: inout JournalReport
    ) -> Part? {
        var part = Part(name: name)
        do throws(JournalFileError) {
            let file = try open(name, in: folder)
            let status = try file.status()
            guard status.size <= SegmentCopy.maxSize else {
                throw .tooLarge(path: name, size: status.size, limit: SegmentCopy.maxSize)
            }
            let base = UnsafeMutableRawPointer.allocate(byteCount: SegmentHeader.size, alignment: 8)
            defer { base.deallocate() }
            guard try file.read(SegmentHeader.size, into: base) else {
                report.add(problem: "\(name) was shortened to \(status.size) bytes")
                part.isReadable = false
                return part
            }
            var heartbeat = Heartbeat(folder: 0)
            heartbeat.add(progress, modified: 0)
            heartbeat.add(SegmentHeader.Progress(from: base, space: SegmentHeader.size), modified: 0)
            progress = heartbeat.progress
            switch SegmentHeader.read(from: base, space: SegmentHeader.size) {
            case .header(let header):
                part.header = header
                if let size = header.segmentSize, status.size < size {
                    report.add(problem: "\(name) was shortened to \(status.size) of \(size) bytes")
                }
            case .unknownVersion(let version):
                report.add(
                    problem: "\(name) has format \(version), but this version of hypero reads format "
                        + "\(SegmentHeader.version)")
                part.isReadable = false
            case .damaged: report.add(problem: "\(name) has a damaged header")
            }
        } catch {
            guard !error.isMissing else { return nil }
            report.add(problem: "\(error)")
            part.isReadable = false
        }
        return part
    }

    /// Counts the events of a file.
    private mutating func countRecords(
        of part: Part, in folder: borrowing OpenFolder, acknowledged: UInt64, hasSameBoot: Bool,
        _ count: inout (events: Int, unsent: Int), _ report: inout JournalReport
    ) {
        do throws(JournalFileError) {
            let file = try open(part.name, in: folder)
            let size = min(try file.status().size, SegmentCopy.maxSize)
            budget -= size
            guard budget >= 0 else {
                report.add(problem: "\(part.name) is not read: the journals of other users are too large")
                return
            }
            guard size >= SegmentHeader.size, let segment = Segment.memory(size: size),
                try file.read(size, into: segment.base)
            else { return }
            var scan = RecordScan(
                ancestorCount: part.header?.ancestors.count ?? SegmentHeader.maxAncestors, isFromStart: false,
                hasSameBoot: hasSameBoot)
            scan.scan(segment)
            if scan.isExhausted {
                report.add(problem: "the records in \(part.name) overlap, no client has written them")
            }
            report.damaged += Int(clamping: min(scan.damaged, UInt64(Int32.max)))
            for piece in scan.pieces {
                var offset = piece.start
                while offset < piece.end {
                    let record = Record(at: piece.segment.base + offset)
                    count.events += 1
                    report.lastEvent = max(report.lastEvent ?? record.time, record.time)
                    if record.seq > acknowledged {
                        count.unsent += 1
                        report.unsentSince = min(report.unsentSince ?? record.time, record.time)
                    }
                    offset += record.length
                }
            }
        } catch {
            if !error.isMissing { report.add(problem: "\(error)") }
        }
    }

    private func open(_ name: String, in folder: borrowing OpenFolder) throws(JournalFileError) -> OpenFile {
        let descriptor = folder.descriptor
        // Without O_NONBLOCK, a pipe that has replaced the file would wait for its other end.
        let file = retryingInterrupts {
            openat(descriptor, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        }
        guard file >= 0 else { throw .system(SystemError("open", path: name)) }
        let opened = OpenFile(descriptor: file, path: name)
        // At each opening, because its user can exchange the file.
        if let violation = try opened.status().violation(expecting: .file, user: user) {
            throw .notPrivate(path: name, violation)
        }
        return opened
    }
}
