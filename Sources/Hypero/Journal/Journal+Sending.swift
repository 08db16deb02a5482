import HyperoRedis
import HyperoCore
import Synchronization

// What the sender's thread calls.
extension Journal {
    /// What the sender has not seen yet.
    struct Published {
        /// Full ones, in order.
        var sealed: [SegmentPiece]
        var current: SegmentPiece
        var accepted: UInt64
    }

    func published() -> Published {
        // Before the sign is looked for: without it, no caller went on to another segment before what was read was written.
        reading.goOn()
        var sealed: [SegmentPiece] = []
        if has(.isElsewhere) {
            lock.withLock {
                swap(&sealed, &state.pointee.sealed)
                reading = Reading(piece: currentPiece, accepted: state.pointee.nextSeq - 1)
                announce(takenBack: .isElsewhere)
            }
        }
        return Published(sealed: sealed, current: reading.piece, accepted: reading.accepted)
    }

    /// How far the sender has read the current segment.
    struct Reading {
        /// What holds records.
        var piece: SegmentPiece
        /// The number of the last one.
        var accepted: UInt64 = 0

        /// Reads on to where the records end.
        mutating func goOn() {
            while piece.end < piece.segment.size {
                let base = piece.segment.base + piece.end
                // Whoever sees the length sees the record.
                let length = base.assumingMemoryBound(to: Atomic<UInt32>.self).pointee.load(ordering: .acquiring)
                guard length > 0 else { return }
                accepted = Record(at: base).seq
                piece.end += Int(length)
            }
        }
    }

    /// What the sender is to look for under the lock.
    struct SenderFlags: OptionSet {
        let rawValue: UInt8

        /// Callers write to another segment than before.
        static let isElsewhere = SenderFlags(rawValue: 1)
        /// A segment may be made ahead.
        static let lacksSpare = SenderFlags(rawValue: 2)
        static let isNearlyFull = SenderFlags(rawValue: 4)
        static let hasNotice = SenderFlags(rawValue: 8)
    }

    private func has(_ sign: SenderFlags) -> Bool {
        SenderFlags(rawValue: signs.load(ordering: .acquiring)).contains(sign)
    }

    /// Under the lock: says to the sender what has become of the state.
    func announce(_ new: SenderFlags = [], takenBack: SenderFlags = []) {
        var signs = SenderFlags(rawValue: self.signs.load(ordering: .relaxed)).intersection(.isElsewhere)
        signs.subtract(takenBack)
        signs.formUnion(new)
        if let settings, state.pointee.spare == nil {
            let isFull = state.pointee.segments >= settings.mostSegments
            if isFull { signs.insert(.isNearlyFull) } else if !state.pointee.isClosed { signs.insert(.lacksSpare) }
        }
        if state.pointee.notice != nil { signs.insert(.hasNotice) }
        self.signs.store(signs.rawValue, ordering: .releasing)
    }

    /// Makes the next segment ahead, outside of the lock.
    func prepare() {
        guard let settings, has(.lacksSpare) else { return }
        let needed: (ordinal: Int, folder: JournalFolder?, identity: JournalIdentity)? = lock.withLock {
            guard state.pointee.spare == nil, state.pointee.segments < settings.mostSegments, !state.pointee.isClosed
            else { return nil }
            state.pointee.segments += 1
            state.pointee.ordinal += 1
            announce()
            return (state.pointee.ordinal, state.pointee.folder, state.pointee.identity)
        }
        guard let needed else { return }
        var notice: String?
        let made = settings.makeSegment(needed.ordinal, in: needed.folder, of: needed.identity, &notice)
        made?.populate()
        lock.withLock {
            tell(notice)
            if let made { state.pointee.spare = made } else { state.pointee.segments -= 1 }
            announce()
        }
    }

    /// Whether the current segment is the last that can be had.
    var isNearlyFull: Bool { has(.isNearlyFull) }

    /// Gives back a segment that is not needed any more.
    func release(_ segment: Segment) {
        segment.remove()
        lock.withLock {
            state.pointee.segments -= 1
            announce()
        }
    }

    /// Takes no more records, and gives the memory and the lock back: a host process that goes on keeps nothing of a
    /// closed client.
    ///
    /// - Parameters:
    ///   - held: segments that the sender holds.
    ///   - keepsFiles: whether the files stay for the next client on the host, because something in them may be needed.
    func end(removing held: [Segment], keepsFiles: Bool) {
        let nothing = Segment.nothing()
        var folder: JournalFolder?
        var spare: Segment?
        var current: SegmentPiece?
        let left: [Segment] = lock.withLock {
            folder = state.pointee.folder
            spare = state.pointee.spare
            current = currentPiece
            let left = state.pointee.sealed.map(\.segment) + state.pointee.inherited + [state.pointee.current]
            state.pointee.isClosed = true
            state.pointee.folder = nil
            state.pointee.sealed = []
            state.pointee.inherited = []
            state.pointee.spare = nil
            state.pointee.current = nothing
            state.pointee.position = nothing.base
            state.pointee.left = 0
            announce()
            return left
        }
        reading.piece = .none
        spare?.remove()
        if keepsFiles {
            if let current, current.end > 0 { current.segment.shorten(to: current.end) }
        } else {
            for segment in held + left { segment.remove() }
            folder?.remove()
        }
    }

    /// Where the files are; nil when there are none.
    var path: String? {
        lock.withLock { state.pointee.folder?.path }
    }

    /// What the user should know about the journal, once.
    func takeNotice() -> String? {
        guard has(.hasNotice) else { return nil }
        return lock.withLock {
            defer {
                state.pointee.notice = nil
                announce()
            }
            return state.pointee.notice
        }
    }
}
