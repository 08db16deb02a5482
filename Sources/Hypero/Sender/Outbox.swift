import HyperoSchema

/// The sender's view of the journal: the records to send, the records in flight, and the segments that are still
/// needed.
///
/// Records are in the order of their sequence numbers. A record that Redis refuses, or that gets no reply, is sent
/// again before newer ones, with the same sequence number. When Redis has lost acknowledged events, the outbox is rewound
/// to the watermark.
struct Outbox {
    private struct Piece {
        var range: SegmentPiece
        /// The sequence number of the last record, if it is known, or of the last one read; 0 for none.
        var lastSeq: UInt64
    }

    /// The location of a record: an index into `pieces`, and the offset in that segment in bytes.
    private struct Location {
        var index = 0
        var offset = 0
    }

    /// The records of the journal, in order. Log calls append to the segment of the last piece.
    private var pieces: [Piece] = []
    /// The location of the next record to read.
    private var readPosition = Location()
    /// The index of the first piece whose segment may be loaded. Only for the copies of an orphaned journal.
    private var firstLoaded = 0
    /// The sequence number before the next record to read.
    private var lastRead: UInt64 = 0
    /// The location of the next record to get a checksum; nil if the journal is orphaned.
    private var checksumPosition: Location?
    /// The highest sequence number in the journal.
    private(set) var accepted: UInt64 = 0
    /// Records to send again before any other, in order.
    private var retries: [Record] = []
    private var inFlight: [Record] = []
    /// The records of the next batch, read while others are in flight, so that the next batch can be rendered meanwhile.
    private var prepared: [Record] = []

    /// The number of events that were removed from the journal before they were seen applied.
    private(set) var released: UInt64 = 0
    /// true if Redis has lost events that were removed from the journal.
    private(set) var hasLostRemoved = false
    /// The last sequence number of the removed segments.
    private var lastRemoved: UInt64 = 0
    /// The sequence numbers counted in `released`, as ranges in order.
    private var countedAsReleased: [ClosedRange<UInt64>] = []

    /// - Parameter writesChecksums: false for an orphaned journal.
    init(writesChecksums: Bool = true) {
        checksumPosition = writesChecksums ? Location() : nil
    }

    /// The number of events that Redis has acknowledged. It falls when Redis loses some.
    var sent: UInt64 { lastRead - UInt64(retries.count + inFlight.count + prepared.count) }

    /// The sequence number up to which Redis has acknowledged every event that is still in the journal.
    var acknowledged: UInt64 { min(lastRead, firstUnacknowledged - 1) }

    /// true if there are events to send that are not in flight.
    var hasMore: Bool { !prepared.isEmpty || !retries.isEmpty || lastRead < accepted }

    /// The segments that are still needed.
    var heldSegments: [Segment] { pieces.map(\.range.segment).filter { $0.size > 0 } }

    /// The lowest sequence number in the journal; nil if the journal has no record.
    var firstHeldSeq: UInt64? {
        pieces.first { $0.range.end > $0.range.start }.flatMap { Self.record(at: $0.range.start, in: $0.range)?.seq }
    }

    /// true if the outbox refers to no record: none is in flight, prepared or to be sent again.
    var isQuiet: Bool { retries.isEmpty && inFlight.isEmpty && prepared.isEmpty }

    /// true if there are events that Redis has not acknowledged.
    var hasEvents: Bool { sent < accepted }

    /// Adds the records written since the last call.
    mutating func update(_ published: Journal.Published) {
        for piece in published.fullSegments { set(piece) }
        set(published.current)
        accepted = published.accepted
    }

    /// Writes the checksums of the next records.
    mutating func writeChecksums(atMost limit: Int) {
        guard var position = checksumPosition else { return }
        for _ in 0..<limit {
            guard let record = Self.nextRecord(in: pieces, from: &position) else { break }
            record.writeChecksum()
            position.offset += record.length
        }
        checksumPosition = position
    }

    /// true if the next batch is prepared.
    var isPrepared: Bool { !prepared.isEmpty }

    /// Reads the records of the next batch, retries first.
    ///
    /// - Parameter isFull: Called with each record added. Returns whether the batch is full.
    mutating func prepareBatch(_ isFull: (Record) -> Bool) {
        assert(prepared.isEmpty)
        var count = 0
        while let record = count < retries.count ? retries[count] : Self.nextRecord(in: pieces, from: &readPosition) {
            if count < retries.count { count += 1 } else { advance(over: record) }
            prepared.append(record)
            if isFull(record) { break }
        }
        retries.removeFirst(count)
    }

    /// Moves the prepared batch in flight.
    mutating func startBatch() {
        assert(inFlight.isEmpty)
        swap(&inFlight, &prepared)
    }

    /// Completes the batch in flight. If a record has to be sent again, the records of the prepared batch follow it as
    /// retries, which keeps the order.
    ///
    /// - Parameters:
    ///   - answered: The number of records with a reply, counted from the first. The outcome of the others is unknown.
    ///   - refused: The indices of the answered records that Redis refused, in ascending order.
    /// - Returns: The sequence number of the last record that Redis accepted; nil if there is none.
    @discardableResult
    mutating func finishBatch(answered: Int, refused: [Int]) -> UInt64? {
        var acceptedCount = answered
        for index in refused.reversed() where index == acceptedCount - 1 { acceptedCount -= 1 }
        let lastAccepted = acceptedCount > 0 ? inFlight[acceptedCount - 1].seq : nil
        let unsent = refused.map { inFlight[$0] } + inFlight[answered...]
        if !unsent.isEmpty {
            retries = (unsent + prepared + retries).sorted { $0.seq < $1.seq }
            prepared = []
        }
        inFlight.removeAll(keepingCapacity: true)
        unloadAcknowledged()
        return lastAccepted
    }

    /// Moves the read position back to the record after the watermark, or to the first record that is still in the
    /// journal. All later records are sent again.
    ///
    /// - Parameter kept: Copies of records that may have been removed from the journal, in order. They are sent first.
    mutating func rewind(to watermark: UInt64, restoring kept: [Record] = []) {
        inFlight = []
        prepared = []
        // Redis has lost events that were removed from the journal because they were applied.
        countReleased(after: watermark, through: lastRemoved)
        if watermark < lastRemoved { hasLostRemoved = true }
        let firstHeldSeq = firstHeldSeq ?? accepted + 1
        retries = kept.filter { $0.seq < firstHeldSeq }
        lastRead = max(watermark, firstHeldSeq - 1)
        for piece in pieces { piece.range.segment.copy?.unload() }
        // All pieces before the read position were read to their ends. Those of an orphaned journal need not be read.
        let first =
            pieces.indices.first { index in
                guard index < readPosition.index || pieces[index].range.lastSeq != nil else { return true }
                return pieces[index].lastSeq > watermark
            } ?? max(pieces.count - 1, 0)
        readPosition = Location(index: first)
        firstLoaded = first
        while let record = Self.nextRecord(in: pieces, from: &readPosition), record.seq <= watermark {
            advance(over: record)
            unloadAcknowledged()
        }
    }

    /// Frees the memory of the copies whose records are all acknowledged, or skipped.
    private mutating func unloadAcknowledged() {
        let end = hasEvents ? readPosition.index : pieces.count
        while firstLoaded < end, pieces[firstLoaded].lastSeq < firstUnacknowledged {
            let segment = pieces[firstLoaded].range.segment
            firstLoaded += 1
            // A segment with a damaged record has several pieces.
            if firstLoaded == pieces.count || pieces[firstLoaded].range.segment !== segment { segment.copy?.unload() }
        }
    }

    /// Skips the events up to one that Redis is known to have, unless they were sent already.
    mutating func skip(to seq: UInt64) {
        if seq > lastRead { rewind(to: min(seq, accepted)) }
    }

    /// Returns whether an event with a lower sequence number has to be sent again.
    func hasRetries(before seq: UInt64) -> Bool { retries.first.map { $0.seq < seq } ?? false }

    /// Stores the progress in the newest segment, for the client that adopts the journal.
    func store(_ progress: SegmentHeader.Progress) {
        // Not in the ends that an adopter adds, which are in memory only.
        let piece = pieces.last { $0.range.segment.copy != nil } ?? pieces.last { $0.range.segment.size > 0 }
        piece?.range.segment.store(progress)
    }

    /// Removes and returns the segments that are not needed any more.
    ///
    /// - Parameters:
    ///   - durable: The highest durable sequence number. A segment is not needed if all its records are at or below it.
    ///   - applied: The watermark. Records above it count as released when they make room.
    ///   - makingRoom: true to release the oldest sent segment, although it is needed, if no other segment is free.
    mutating func releasable(durable: UInt64, applied: UInt64, makingRoom: Bool) -> [Segment] {
        var free: [Segment] = []
        // Removed together at the end: a damaged journal may have very many pieces.
        var count = 0
        let unacknowledged = firstUnacknowledged
        while count < readPosition.index, pieces[count].lastSeq < unacknowledged {
            let last = pieces[count].lastSeq
            if last > durable {
                guard makingRoom, free.isEmpty else { break }
                countReleased(after: max(applied, lastRemoved), through: last)
            }
            lastRemoved = last
            let segment = pieces[count].range.segment
            count += 1
            // A segment with a damaged record has several pieces.
            if pieces[count].range.segment !== segment { free.append(segment) }
        }
        guard count > 0 else { return free }
        pieces.removeFirst(count)
        readPosition.index -= count
        firstLoaded = max(firstLoaded - count, 0)
        if let position = checksumPosition {
            checksumPosition =
                position.index >= count ? Location(index: position.index - count, offset: position.offset) : Location()
        }
        return free
    }

    /// Counts the sequence numbers of `first + 1...last` as released, each once.
    private mutating func countReleased(after first: UInt64, through last: UInt64) {
        guard first < last else { return }
        var next = first + 1
        for range in countedAsReleased where range.upperBound >= next && range.lowerBound <= last {
            if range.lowerBound > next { released += range.lowerBound - next }
            next = range.upperBound + 1
        }
        if next <= last { released += last - next + 1 }
        // Merge adjacent ranges, so that the list stays short.
        let adjacent = countedAsReleased.filter { $0.lowerBound <= last + 1 && $0.upperBound >= first }
        let lower = min(first + 1, adjacent.first?.lowerBound ?? .max)
        countedAsReleased.removeAll { adjacent.contains($0) }
        countedAsReleased.append(lower...max(last, adjacent.last?.upperBound ?? 0))
        countedAsReleased.sort { $0.lowerBound < $1.lowerBound }
    }

    private var firstUnacknowledged: UInt64 {
        min(retries.first?.seq ?? .max, inFlight.first?.seq ?? .max, prepared.first?.seq ?? .max)
    }

    /// Adds a piece, or extends the last one.
    private mutating func set(_ piece: SegmentPiece) {
        if let last = pieces.indices.last, pieces[last].range.segment === piece.segment,
            pieces[last].range.start == piece.start
        {
            pieces[last].range.end = piece.end
        } else {
            pieces.append(Piece(range: piece, lastSeq: piece.lastSeq ?? 0))
        }
    }

    /// Returns the record at a location; nil at the end of the journal, or if the segment cannot be read again. Moves a location at
    /// the end of a piece to the next piece.
    private static func nextRecord(in pieces: [Piece], from location: inout Location) -> Record? {
        while location.index < pieces.count {
            let piece = pieces[location.index].range
            location.offset = max(location.offset, piece.start)
            if location.offset < piece.end { return record(at: location.offset, in: piece) }
            guard location.index + 1 < pieces.count else { return nil }
            location = Location(index: location.index + 1, offset: 0)
        }
        return nil
    }

    private mutating func advance(over record: Record) {
        pieces[readPosition.index].lastSeq = max(pieces[readPosition.index].lastSeq, record.seq)
        lastRead = record.seq
        readPosition.offset += record.length
    }

    private static func record(at offset: Int, in piece: SegmentPiece) -> Record? {
        if let copy = piece.segment.copy, !copy.isAvailable() { return nil }
        return Record(at: piece.segment.base + offset)
    }
}
