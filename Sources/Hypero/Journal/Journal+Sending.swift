import HyperoCore
import Synchronization

// Called on the sender's thread.
extension Journal {
    /// The segments of all records that are written up to one moment.
    struct Published {
        /// The segments that became full since the last call, in order.
        var fullSegments: [SegmentPiece]
        var current: SegmentPiece
        /// The sequence number of the last record.
        var accepted: UInt64
    }

    /// Returns the segments of all records written so far.
    func published() -> Published {
        // Advance before the flag is read. If the flag is then not set, no log call had changed to another segment when
        // the last record was read here, so no record is skipped.
        readPosition.advance()
        var fullSegments: [SegmentPiece] = []
        if isSet(.segmentChanged) {
            lock.withLock {
                swap(&fullSegments, &state.pointee.fullSegments)
                readPosition = ReadPosition(piece: currentPiece, accepted: state.pointee.nextSeq - 1)
                publishFlags(removing: .segmentChanged)
            }
        }
        return Published(fullSegments: fullSegments, current: readPosition.piece, accepted: readPosition.accepted)
    }

    /// The part of the current segment that the sender has read.
    struct ReadPosition {
        var piece: SegmentPiece
        /// The sequence number of the last record read.
        var accepted: UInt64 = 0

        /// Reads to the end of the records.
        mutating func advance() {
            while piece.end < piece.segment.size {
                let base = piece.segment.base + piece.end
                // Acquire ordering: a length above 0 makes the whole record visible.
                let length = base.assumingMemoryBound(to: Atomic<UInt32>.self).pointee.load(ordering: .acquiring)
                guard length > 0 else { return }
                accepted = Record(at: base).seq
                piece.end += Int(length)
            }
        }
    }

    /// The changes of the state for which the sender must acquire the lock.
    struct SenderFlags: OptionSet {
        let rawValue: UInt8

        /// Log calls write to another segment than before.
        static let segmentChanged = SenderFlags(rawValue: 1)
        /// A spare segment is missing and allowed.
        static let needsSpare = SenderFlags(rawValue: 2)
        /// The current segment is the last one that the limit allows.
        static let nearlyFull = SenderFlags(rawValue: 4)
        /// A notice for the user has not been shown.
        static let hasNotice = SenderFlags(rawValue: 8)
    }

    private func isSet(_ flag: SenderFlags) -> Bool {
        SenderFlags(rawValue: flags.load(ordering: .acquiring)).contains(flag)
    }

    /// Publishes the state to the sender. Called under the lock after each change.
    ///
    /// All flags except `segmentChanged` follow from the state. `segmentChanged` stays set until the sender removes it.
    func publishFlags(adding new: SenderFlags = [], removing old: SenderFlags = []) {
        var flags = SenderFlags(rawValue: self.flags.load(ordering: .relaxed)).intersection(.segmentChanged)
        flags.subtract(old)
        flags.formUnion(new)
        if let settings, state.pointee.spare == nil {
            let isFull = state.pointee.segmentCount >= settings.maxSegments
            if isFull { flags.insert(.nearlyFull) } else if !state.pointee.isClosed { flags.insert(.needsSpare) }
        }
        if state.pointee.notice != nil { flags.insert(.hasNotice) }
        self.flags.store(flags.rawValue, ordering: .releasing)
    }

    /// Creates the spare segment if it is missing. Does not hold the lock while it uses the file system.
    func prepareSpare() {
        guard let settings, isSet(.needsSpare) else { return }
        let reserved: (ordinal: Int, folder: JournalFolder?, identity: JournalIdentity)? = lock.withLock {
            guard state.pointee.spare == nil, state.pointee.segmentCount < settings.maxSegments, !state.pointee.isClosed
            else { return nil }
            state.pointee.segmentCount += 1
            state.pointee.lastOrdinal += 1
            publishFlags()
            return (state.pointee.lastOrdinal, state.pointee.folder, state.pointee.identity)
        }
        guard let reserved else { return }
        var notice: String?
        let segment = settings.makeSegment(
            reserved.ordinal, in: reserved.folder, of: reserved.identity, notice: &notice)
        segment?.populate()
        lock.withLock {
            setNotice(notice)
            if let segment { state.pointee.spare = segment } else { state.pointee.segmentCount -= 1 }
            publishFlags()
        }
    }

    /// true if the current segment is the last one that the limit allows.
    var isNearlyFull: Bool { isSet(.nearlyFull) }

    /// Removes the file of a segment that is not needed any more, and makes room for another segment.
    func release(_ segment: Segment) {
        segment.remove()
        lock.withLock {
            state.pointee.segmentCount -= 1
            publishFlags()
        }
    }

    /// Closes the journal and releases its memory and its lock, so that a host process keeps nothing of a closed
    /// client.
    ///
    /// - Parameters:
    ///   - held: The segments that the sender holds.
    ///   - keepsFiles: true if the files contain events that may have to be sent again. The next client on the host
    ///     adopts them.
    func end(removing held: [Segment], keepsFiles: Bool) {
        let empty = Segment.empty()
        var folder: JournalFolder?
        var spare: Segment?
        var current: SegmentPiece?
        let others: [Segment] = lock.withLock {
            folder = state.pointee.folder
            spare = state.pointee.spare
            current = currentPiece
            let others =
                state.pointee.fullSegments.map(\.segment) + state.pointee.adoptedSegments + [state.pointee.current]
            state.pointee.isClosed = true
            state.pointee.folder = nil
            state.pointee.fullSegments = []
            state.pointee.adoptedSegments = []
            state.pointee.spare = nil
            state.pointee.current = empty
            state.pointee.position = empty.base
            state.pointee.remaining = 0
            publishFlags()
            return others
        }
        readPosition.piece = .empty
        spare?.remove()
        if keepsFiles {
            if let current, current.end > 0 { current.segment.freeBlocks(after: current.end) }
        } else {
            for segment in held + others { segment.remove() }
            folder?.remove()
        }
    }

    /// The journal's folder; nil if the segments are in memory.
    var folder: JournalFolder? {
        lock.withLock { state.pointee.folder }
    }

    /// The path of the journal's folder; nil if the segments are in memory.
    var path: String? { folder?.path }

    /// Returns and removes the notice for the user.
    func takeNotice() -> String? {
        guard isSet(.hasNotice) else { return nil }
        return lock.withLock {
            defer {
                state.pointee.notice = nil
                publishFlags()
            }
            return state.pointee.notice
        }
    }
}
