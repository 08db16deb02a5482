import HyperoSchema

/// The sender's side of the journal: which records are still to be sent, which are on their way, and which segments are
/// not needed any more.
///
/// Sequence numbers are in the order of the journal. What is refused or of unknown outcome goes to the front of the
/// queue again, under its own number.
struct Outbox {
    private struct Held {
        let segment: Segment
        /// Bytes that are records.
        var end: Int
        /// The number of the last record that was read; 0 before the first.
        var lastSeq: UInt64 = 0
    }

    /// In order; the last one is the segment that callers write to.
    private var segments: [Held] = []
    /// The next record that was never sent: an index into `segments`, and bytes into that segment.
    private var reading = (segment: 0, offset: 0)
    private var accepted: UInt64 = 0
    /// Records to send again before any other, in order.
    private var again: [Record] = []
    private var onTheirWay: [Record] = []

    /// Events that Redis acknowledged.
    private(set) var sent: UInt64 = 0
    /// Events that had to make room before they were seen applied.
    private(set) var released: UInt64 = 0
    /// The last number of the segments that were given back.
    private var lastReleased: UInt64 = 0

    /// The segments that are still there.
    var held: [Segment] { segments.map(\.segment) }

    /// Whether anything is to be sent.
    var hasEvents: Bool { sent < accepted }

    /// Takes over what callers wrote since the last time.
    mutating func update(_ published: Journal.Published) {
        for (segment, end) in published.sealed { set(segment, end) }
        set(published.current, published.end)
        accepted = published.accepted
    }

    /// The records to send next, which are then on their way.
    ///
    /// - Parameter isFull: asked after each record.
    mutating func nextBatch(_ isFull: (Record) -> Bool) {
        assert(onTheirWay.isEmpty)
        while let record = again.first ?? nextUnsent() {
            if again.isEmpty { advance(over: record) } else { again.removeFirst() }
            onTheirWay.append(record)
            if isFull(record) { return }
        }
    }

    /// What became of the records on their way.
    ///
    /// - Parameters:
    ///   - answered: how many, from the first, have a reply; the others are of unknown outcome.
    ///   - refused: which of those Redis did not take, as indexes in order.
    mutating func finishBatch(answered: Int, refused: [Int]) {
        sent += UInt64(answered - refused.count)
        let back = refused.map { onTheirWay[$0] } + onTheirWay[answered...]
        again = (back + again).sorted { $0.seq < $1.seq }
        onTheirWay.removeAll(keepingCapacity: true)
    }

    /// Takes out the segments that are not needed any more.
    ///
    /// - Parameters:
    ///   - applied: a segment whose records are all at or below this number is not needed.
    ///   - makingRoom: one that is sent has to go too, if none is free otherwise.
    mutating func releasable(applied: UInt64, makingRoom: Bool) -> [Segment] {
        var free: [Segment] = []
        while reading.segment > 0, segments[0].lastSeq < firstUnacknowledged {
            let last = segments[0].lastSeq
            if last > applied {
                guard makingRoom, free.isEmpty else { break }
                released += last - max(applied, lastReleased)
            }
            lastReleased = last
            free.append(segments.removeFirst().segment)
            reading.segment -= 1
        }
        return free
    }

    private var firstUnacknowledged: UInt64 {
        min(again.first?.seq ?? .max, onTheirWay.first?.seq ?? .max)
    }

    private mutating func set(_ segment: Segment, _ end: Int) {
        if let last = segments.indices.last, segments[last].segment === segment {
            segments[last].end = end
        } else {
            segments.append(Held(segment: segment, end: end))
        }
    }

    private mutating func nextUnsent() -> Record? {
        while reading.segment < segments.count {
            let held = segments[reading.segment]
            if reading.offset < held.end { return Record(at: held.segment.base + reading.offset) }
            guard reading.segment + 1 < segments.count else { return nil }
            reading = (reading.segment + 1, 0)
        }
        return nil
    }

    private mutating func advance(over record: Record) {
        segments[reading.segment].lastSeq = record.seq
        reading.offset += record.length
    }
}
