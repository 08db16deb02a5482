import HyperoRedis

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
        lock.withLock {
            let sealed = state.pointee.sealed
            if !sealed.isEmpty { state.pointee.sealed = [] }
            return Published(sealed: sealed, current: currentPiece, accepted: state.pointee.nextSeq - 1)
        }
    }

    /// Makes the next segment ahead, outside of the lock.
    func prepare() {
        guard let settings else { return }
        let needed: (ordinal: Int, folder: JournalFolder?, identity: JournalIdentity)? = lock.withLock {
            guard state.pointee.spare == nil, state.pointee.segments < settings.mostSegments, !state.pointee.isClosed
            else { return nil }
            state.pointee.segments += 1
            state.pointee.ordinal += 1
            return (state.pointee.ordinal, state.pointee.folder, state.pointee.identity)
        }
        guard let needed else { return }
        var notice: String?
        let made = settings.makeSegment(needed.ordinal, in: needed.folder, of: needed.identity, &notice)
        made?.populate()
        lock.withLock {
            tell(notice)
            if let made { state.pointee.spare = made } else { state.pointee.segments -= 1 }
        }
    }

    /// Whether the current segment is the last that can be had.
    var isNearlyFull: Bool {
        guard let settings else { return false }
        return lock.withLock { state.pointee.spare == nil && state.pointee.segments >= settings.mostSegments }
    }

    /// Gives back a segment that is not needed any more.
    func release(_ segment: Segment) {
        segment.remove()
        lock.withLock { state.pointee.segments -= 1 }
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
            return left
        }
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
        lock.withLock {
            defer { state.pointee.notice = nil }
            return state.pointee.notice
        }
    }
}
