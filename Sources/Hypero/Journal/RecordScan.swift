/// A scan of an orphaned journal for readable records, one segment after the other.
///
/// A record with a checksum is accepted if the checksum matches. The last records may have no checksum yet. Such records
/// are accepted as long as each follows the record before it, or a hole.
///
/// A hole is the memory of records that log calls had reserved and not published when the process was killed. The memory
/// of a record that was not begun is all zeros, because a segment is created as zeros and the length is the first store.
/// A record that was begun has a busy length, by which it is skipped. The log calls of these records had not returned, so
/// nothing accepted is lost. Their number follows from the next record, whose sequence number must fit to the size of the
/// hole.
///
/// After other bytes that are not a record, the scan continues at the next record with a matching checksum. So does the
/// scan of a journal whose machine has restarted: after a power loss, each disk sector has its content of some earlier
/// moment, so that only a checksum shows that a record is whole.
///
/// The segments must be loaded.
struct RecordScan {
    /// The ranges of the segments that contain accepted records, in order.
    private(set) var pieces: [SegmentPiece] = []
    /// The first and the last sequence number; nil if there is no record.
    private(set) var seqs: ClosedRange<UInt64>?
    /// The sequence numbers found, as ranges without gaps.
    private(set) var ranges: [ClosedRange<UInt64>] = []
    /// The experiments that are open after the records.
    private(set) var open: OpenExperiments
    /// The number of sequence numbers missing between accepted records.
    private var missing: UInt64 = 0
    /// true if the bytes after the last accepted record are a damaged record.
    private var hasDamagedTail = false

    /// The sequence number of the last accepted record, 0 before the journal's first record; nil if it is not known.
    private var lastSeq: UInt64?
    private let ancestorCount: Int
    /// true if the kernel has not restarted since the records were written, so that its page cache is complete. Otherwise a
    /// record without a checksum is not accepted: a disk may have written only a part of the record's page.
    private let hasSameBoot: Bool
    /// The bytes of holes since the last accepted record; nil if there were other bytes.
    private var hole: Int? = 0

    /// The bytes that the checks of records may still read in the current segment.
    ///
    /// Intact records are read at most twice. Overlapping bytes that look like records would make the work quadratic.
    private var budget = 0
    /// true if the budget of a segment was not enough: the segment does not come from a client.
    private(set) var isExhausted = false

    /// - Parameters:
    ///   - ancestorCount: The number of ancestors in the segments' header.
    ///   - isFromStart: true if the first segment to scan is the first one of the journal, so that the sequence numbers
    ///     start at 1.
    ///   - open: The experiments that were open before the first record.
    init(ancestorCount: Int, isFromStart: Bool, hasSameBoot: Bool, open: OpenExperiments = OpenExperiments()) {
        self.open = open
        lastSeq = isFromStart ? 0 : nil
        self.ancestorCount = ancestorCount
        self.hasSameBoot = hasSameBoot
    }

    /// The number of records that cannot be read.
    var damaged: UInt64 { missing + (hasDamagedTail ? 1 : 0) }

    /// Returns the sequence number of the first record of a segment; nil if there is none.
    static func firstSeq(in segment: Segment) -> UInt64? {
        var scan = RecordScan(ancestorCount: SegmentHeader.maxAncestors, isFromStart: false, hasSameBoot: true)
        scan.budget = budget(for: segment)
        var offset = SegmentHeader.size
        while offset + RecordHeader.size <= segment.size, !scan.isExhausted {
            if let record = scan.record(at: offset, in: segment) { return record.seq }
            offset = scan.skip(from: offset, in: segment)
        }
        return nil
    }

    private static func budget(for segment: Segment) -> Int { 4 * segment.size }

    mutating func scan(_ segment: Segment) {
        budget = Self.budget(for: segment)
        var offset = SegmentHeader.size
        var piece = SegmentPiece(segment: segment, start: offset, end: offset)
        while offset + RecordHeader.size <= segment.size, !isExhausted {
            if let record = record(at: offset, in: segment) {
                accept(record)
                offset += record.length
                piece.end = offset
                piece.lastSeq = lastSeq
                continue
            }
            if piece.end > piece.start { pieces.append(piece) }
            offset = skip(from: offset, in: segment)
            piece = SegmentPiece(segment: segment, start: offset, end: offset)
        }
        if piece.end > piece.start { pieces.append(piece) }
    }

    /// Adds a piece of records that follow the last one, or the removed ones if there is none.
    mutating func append(_ piece: SegmentPiece, _ added: ClosedRange<UInt64>) {
        pieces.append(piece)
        seqs = (seqs ?? added).lowerBound...added.upperBound
        let last = ranges.popLast() ?? added
        ranges.append(last.lowerBound...added.upperBound)
        lastSeq = added.upperBound
    }

    /// Returns the record at an offset; nil if the bytes are not an acceptable record.
    private mutating func record(at offset: Int, in segment: Segment) -> Record? {
        let space = segment.size - offset
        let candidate = Record(at: segment.base + offset)
        // The checks that read only the header come first, so that damaged bytes use little of the budget.
        guard candidate.length >= RecordHeader.size, candidate.length <= space, candidate.length % 8 == 0,
            candidate.hasKind, candidate.origin <= ancestorCount, candidate.seq > lastSeq ?? 0
        else { return nil }
        // The check of the structure reads the header of each field.
        guard spend(min(candidate.count * RecordHeader.fieldHeader, candidate.length)),
            let record = Record(validatingAt: candidate.base, space: space, ancestorCount: ancestorCount)
        else { return nil }
        guard !record.hasChecksum else { return spend(record.length) && record.isIntact ? record : nil }
        guard hasSameBoot, let hole else { return nil }
        let missing = UInt64(hole / RecordHeader.size)
        if let lastSeq, record.seq - lastSeq - 1 > missing { return nil }
        return record
    }

    /// Returns whether the budget allows to read some bytes.
    private mutating func spend(_ bytes: Int) -> Bool {
        budget -= bytes
        if budget < 0 { isExhausted = true }
        return !isExhausted
    }

    private mutating func accept(_ record: Record) {
        // The sender writes no checksum behind a hole. The records before one with a checksum were therefore whole.
        if let lastSeq, record.hasChecksum || hole == nil {
            missing &+= record.seq - lastSeq - 1
        } else if hasDamagedTail {
            missing += 1
        }
        seqs = (seqs?.lowerBound ?? record.seq)...record.seq
        if let range = ranges.last, range.upperBound + 1 == record.seq {
            ranges[ranges.count - 1] = range.lowerBound...record.seq
        } else {
            ranges.append(record.seq...record.seq)
        }
        open.read(record)
        lastSeq = record.seq
        hole = 0
        hasDamagedTail = false
    }

    /// Skips bytes that are not an acceptable record.
    ///
    /// - Returns: The next offset that may be that of a record.
    private mutating func skip(from offset: Int, in segment: Segment) -> Int {
        if let hole {
            switch gap(at: offset, in: segment) {
            case .hole(let size):
                self.hole = hole + size
                return offset + size
            case .unfinished: self.hole = nil
            case .damage:
                self.hole = nil
                hasDamagedTail = true
            }
        }
        // Outside of a hole, the record may begin at any later word.
        var offset = offset + 8
        while offset + RecordHeader.size <= segment.size,
            segment.base.load(fromByteOffset: offset, as: UInt64.self) == 0
        {
            offset += 8
        }
        return offset
    }

    /// The bytes between two accepted records.
    private enum Gap {
        /// Records that were reserved and not published, with their size in bytes.
        case hole(Int)
        /// A record of an earlier version of hypero, which stored the length last, so that the length is 0.
        case unfinished
        case damage
    }

    private func gap(at offset: Int, in segment: Segment) -> Gap {
        let base = segment.base + offset
        if base.load(as: UInt64.self) == 0 {
            var end = offset
            while end + 8 <= segment.size, segment.base.load(fromByteOffset: end, as: UInt64.self) == 0 { end += 8 }
            let isAtEnd = end + 8 > segment.size
            return isAtEnd || end - offset >= RecordHeader.size ? .hole(end - offset) : .unfinished
        }
        let length = base.load(as: UInt32.self)
        let size = Int(length & ~RecordHeader.busy)
        guard length & RecordHeader.busy != 0, size >= RecordHeader.size, size % 8 == 0, size <= segment.size - offset,
            base.load(fromByteOffset: RecordHeader.checksum, as: UInt32.self) == 0
        else { return .damage }
        return .hole(size)
    }
}
