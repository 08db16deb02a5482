import HyperoSchema

/// The sender's side of the journal: which records are still to be sent, which are on their way, and which segments are
/// not needed any more.
///
/// Sequence numbers are in the order of the journal. What is refused or of unknown outcome goes to the front of the
/// queue again, under its own number; and when Redis forgot what it had acknowledged, all behind the watermark does.
struct Outbox {
    private struct Held {
        var piece: SegmentPiece
        /// The number of the last record that was read; 0 before the first.
        var lastSeq: UInt64 = 0
    }

    /// A record's place: an index into `pieces`, and bytes into that segment.
    private struct Place {
        var piece = 0
        var offset = 0
    }

    /// In order; the last one is of the segment that callers write to.
    private var pieces: [Held] = []
    /// The next record that was not sent, or is to be sent anew.
    private var reading = Place()
    /// The number of the record before it.
    private var lastRead: UInt64 = 0
    /// The next record without a checksum; nil when the journal is only read.
    private var sealing: Place?
    private(set) var accepted: UInt64 = 0
    /// Records to send again before any other, in order.
    private var again: [Record] = []
    private var onTheirWay: [Record] = []
    /// The batch after those: taken to be rendered while they are on their way.
    private var next: [Record] = []

    /// Events that had to make room before they were seen applied.
    private(set) var released: UInt64 = 0
    /// The last number of the segments that were given back, and those of them that were counted as released.
    private var lastReleased: UInt64 = 0
    private var countedReleased: [ClosedRange<UInt64>] = []

    /// - Parameter seals: whether records get their checksums here.
    init(seals: Bool = true) {
        sealing = seals ? Place() : nil
    }

    /// Events that Redis acknowledged; fewer when it forgot some.
    var sent: UInt64 { lastRead - UInt64(again.count + onTheirWay.count + next.count) }

    /// Whether there is anything to send that is not on its way.
    var hasMore: Bool { !next.isEmpty || !again.isEmpty || lastRead < accepted }

    /// The segments that are still there.
    var held: [Segment] { pieces.map(\.piece.segment) }

    /// The lowest number that is still there; nil when no record is.
    var firstHeld: UInt64? {
        pieces.first { $0.piece.end > $0.piece.start }.map { Self.record(at: $0.piece.start, in: $0.piece).seq }
    }

    /// Whether anything is to be sent.
    var hasEvents: Bool { sent < accepted }

    /// Takes over what callers wrote since the last time.
    mutating func update(_ published: Journal.Published) {
        for piece in published.sealed { set(piece) }
        set(published.current)
        accepted = published.accepted
    }

    /// Gives the next records their checksums.
    mutating func seal(atMost limit: Int) {
        guard var place = sealing else { return }
        for _ in 0..<limit {
            guard let record = Self.nextRecord(in: pieces, from: &place) else { break }
            record.seal()
            place.offset += record.length
        }
        sealing = place
    }

    /// Whether the next batch is taken already.
    var isPrepared: Bool { !next.isEmpty }

    /// Takes the records to send next.
    ///
    /// - Parameter isFull: asked after each record.
    mutating func prepareBatch(_ isFull: (Record) -> Bool) {
        assert(next.isEmpty)
        var count = 0
        while let record = count < again.count ? again[count] : Self.nextRecord(in: pieces, from: &reading) {
            if count < again.count { count += 1 } else { advance(over: record) }
            next.append(record)
            if isFull(record) { break }
        }
        again.removeFirst(count)
    }

    /// The records that were taken are on their way now.
    mutating func sendBatch() {
        assert(onTheirWay.isEmpty)
        swap(&onTheirWay, &next)
    }

    /// What became of the records on their way. When one of them has to be sent again, those taken after them are given back.
    ///
    /// - Parameters:
    ///   - answered: how many, from the first, have a reply; the others are of unknown outcome.
    ///   - refused: which of those Redis did not take, as indexes in order.
    /// - Returns: the number of the last record that Redis took.
    @discardableResult
    mutating func finishBatch(answered: Int, refused: [Int]) -> UInt64? {
        var taken = answered
        for place in refused.reversed() where place == taken - 1 { taken -= 1 }
        let lastTaken = taken > 0 ? onTheirWay[taken - 1].seq : nil
        let back = refused.map { onTheirWay[$0] } + onTheirWay[answered...]
        if !back.isEmpty {
            again = (back + next + again).sorted { $0.seq < $1.seq }
            next = []
        }
        onTheirWay.removeAll(keepingCapacity: true)
        return lastTaken
    }

    /// Goes back to the record behind the watermark, or to the first that is still there: what follows is sent anew.
    mutating func rewind(to watermark: UInt64) {
        again = []
        onTheirWay = []
        next = []
        // Redis forgot what was given back because it was applied.
        countReleased(behind: watermark, through: lastReleased)
        lastRead = max(watermark, (firstHeld ?? accepted + 1) - 1)
        // Those before the place were read to their ends.
        let first = pieces[..<reading.piece].firstIndex { $0.lastSeq > watermark } ?? reading.piece
        reading = Place(piece: first)
        while let record = Self.nextRecord(in: pieces, from: &reading), record.seq <= watermark {
            advance(over: record)
        }
    }

    /// Goes on behind an event that Redis is known to have, unless that was passed already.
    mutating func skip(to seq: UInt64) {
        if seq > lastRead { rewind(to: min(seq, accepted)) }
    }

    /// Whether something was refused that is older than an event that was taken.
    func hasHoles(before seq: UInt64) -> Bool { again.first.map { $0.seq < seq } ?? false }

    /// Writes down how far it has come, for who finds the journal when this process is gone.
    func note(_ progress: SegmentHeader.Progress) {
        guard let segment = pieces.last(where: { $0.piece.segment.size > 0 })?.piece.segment else {
            return
        }
        progress.write(to: segment.base)
    }

    /// Takes out the segments that are not needed any more.
    ///
    /// - Parameters:
    ///   - settled: a segment whose records are all at or below this number is not needed.
    ///   - applied: one whose records are, goes first when room has to be made; then one that is only sent.
    ///   - makingRoom: whether one has to go if none is free otherwise.
    mutating func releasable(settled: UInt64, applied: UInt64, makingRoom: Bool) -> [Segment] {
        var free: [Segment] = []
        while reading.piece > 0, pieces[0].lastSeq < firstUnacknowledged {
            let last = pieces[0].lastSeq
            if last > settled {
                guard makingRoom, free.isEmpty else { break }
                countReleased(behind: max(applied, lastReleased), through: last)
            }
            lastReleased = last
            let segment = pieces.removeFirst().piece.segment
            // One with a damaged record has several pieces.
            if pieces[0].piece.segment !== segment { free.append(segment) }
            reading.piece -= 1
            if let place = sealing {
                sealing = place.piece > 0 ? Place(piece: place.piece - 1, offset: place.offset) : Place()
            }
        }
        return free
    }

    /// Counts those numbers of `first + 1...last` that were not counted before.
    private mutating func countReleased(behind first: UInt64, through last: UInt64) {
        guard first < last else { return }
        var next = first + 1
        for range in countedReleased where range.upperBound >= next && range.lowerBound <= last {
            if range.lowerBound > next { released += range.lowerBound - next }
            next = range.upperBound + 1
        }
        if next <= last { released += last - next + 1 }
        // Kept as few: what touches becomes one.
        let touching = countedReleased.filter { $0.lowerBound <= last + 1 && $0.upperBound >= first }
        let lower = min(first + 1, touching.first?.lowerBound ?? .max)
        countedReleased.removeAll { touching.contains($0) }
        countedReleased.append(lower...max(last, touching.last?.upperBound ?? 0))
        countedReleased.sort { $0.lowerBound < $1.lowerBound }
    }

    private var firstUnacknowledged: UInt64 {
        min(again.first?.seq ?? .max, onTheirWay.first?.seq ?? .max, next.first?.seq ?? .max)
    }

    private mutating func set(_ piece: SegmentPiece) {
        if let last = pieces.indices.last, pieces[last].piece.segment === piece.segment,
            pieces[last].piece.start == piece.start
        {
            pieces[last].piece.end = piece.end
        } else {
            pieces.append(Held(piece: piece))
        }
    }

    /// The record at a place, which moves on to the next piece at the end of one.
    private static func nextRecord(in pieces: [Held], from place: inout Place) -> Record? {
        while place.piece < pieces.count {
            let piece = pieces[place.piece].piece
            place.offset = max(place.offset, piece.start)
            if place.offset < piece.end { return record(at: place.offset, in: piece) }
            guard place.piece + 1 < pieces.count else { return nil }
            place = Place(piece: place.piece + 1, offset: 0)
        }
        return nil
    }

    private mutating func advance(over record: Record) {
        pieces[reading.piece].lastSeq = record.seq
        lastRead = record.seq
        reading.offset += record.length
    }

    private static func record(at offset: Int, in piece: SegmentPiece) -> Record {
        Record(at: piece.segment.base + offset)
    }
}
