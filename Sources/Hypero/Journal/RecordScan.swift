/// Finds the records in the segments of a journal that somebody left, one segment after the other.
///
/// A record with a checksum is taken when the checksum is right. The last ones may have none yet: they are taken as long
/// as one number follows the other. Behind what is not a record, the next one with a right checksum is looked for.
struct RecordScan {
    /// Where the records are.
    private(set) var pieces: [SegmentPiece] = []
    /// The numbers of the first and the last record; nil when there is none.
    private(set) var seqs: ClosedRange<UInt64>?
    /// The numbers that are there, in stretches without a hole.
    private(set) var ranges: [ClosedRange<UInt64>] = []
    private var holes: UInt64 = 0
    private var hasBadTail = false

    /// The number that the next record's should follow; nil when that is not known.
    private var last: UInt64?
    private let origins: Int
    /// Whether the kernel was not started anew since: then its memory of the files is whole.
    private let hasSameBoot: Bool

    /// What a disk writes at once.
    private static let page = 4_096

    /// - Parameters:
    ///   - origins: how many ancestors the journal names.
    ///   - isFromStart: whether the first segment is the first there ever was.
    init(origins: Int, isFromStart: Bool, hasSameBoot: Bool) {
        last = isFromStart ? 0 : nil
        self.origins = origins
        self.hasSameBoot = hasSameBoot
    }

    /// How many records cannot be read any more.
    var damaged: UInt64 { holes + (hasBadTail ? 1 : 0) }

    /// The number of the first record of a segment; nil when there is none.
    static func first(in segment: Segment) -> UInt64? {
        let scan = RecordScan(origins: SegmentHeader.mostAncestors, isFromStart: false, hasSameBoot: true)
        var offset = SegmentHeader.size
        while offset + RecordHeader.size <= segment.size {
            if let record = scan.record(at: offset, in: segment, offset == SegmentHeader.size) { return record.seq }
            offset = scan.nextWord(after: offset, in: segment)
        }
        return nil
    }

    mutating func scan(_ segment: Segment) {
        var offset = SegmentHeader.size
        var piece = SegmentPiece(segment: segment, start: offset, end: offset)
        var isInRow = !hasBadTail
        while offset + RecordHeader.size <= segment.size {
            if let record = record(at: offset, in: segment, isInRow) {
                take(record)
                offset += record.length
                piece.end = offset
                isInRow = true
                continue
            }
            if piece.end > piece.start { pieces.append(piece) }
            if isInRow { noteTail(at: segment.base + offset) }
            isInRow = false
            offset = nextWord(after: offset, in: segment)
            piece = SegmentPiece(segment: segment, start: offset, end: offset)
        }
        if piece.end > piece.start { pieces.append(piece) }
    }

    private func record(at offset: Int, in segment: Segment, _ isInRow: Bool) -> Record? {
        let space = segment.size - offset
        guard let record = Record(checkedAt: segment.base + offset, space: space, origins: origins) else { return nil }
        if let last, record.seq <= last { return nil }
        guard !record.isSealed else { return record.isIntact ? record : nil }
        if let last, record.seq != last &+ 1 { return nil }
        guard isInRow else { return nil }
        // A host that lost its power wrote whole pages, each as it was at some moment.
        let isInOnePage = offset / Self.page == (offset + record.length - 1) / Self.page
        return hasSameBoot || isInOnePage ? record : nil
    }

    private mutating func take(_ record: Record) {
        if let last {
            holes &+= record.seq - last - 1
        } else if hasBadTail {
            holes += 1
        }
        seqs = (seqs?.lowerBound ?? record.seq)...record.seq
        if let range = ranges.last, range.upperBound + 1 == record.seq {
            ranges[ranges.count - 1] = range.lowerBound...record.seq
        } else {
            ranges.append(record.seq...record.seq)
        }
        last = record.seq
        hasBadTail = false
    }

    /// A record without a length is one whose process was killed while it wrote: no call had returned.
    private mutating func noteTail(at base: UnsafeMutableRawPointer) {
        let isBegun = base.load(as: UInt32.self) == 0
        let wasSealed = base.load(fromByteOffset: RecordHeader.checksum, as: UInt32.self) != 0
        if !isBegun || wasSealed { hasBadTail = true }
    }

    private func nextWord(after offset: Int, in segment: Segment) -> Int {
        var offset = offset + 8
        while offset + RecordHeader.size <= segment.size,
            segment.base.load(fromByteOffset: offset, as: UInt64.self) == 0
        {
            offset += 8
        }
        return offset
    }
}
