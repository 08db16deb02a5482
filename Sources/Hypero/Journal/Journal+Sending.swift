import Glibc
import HyperoCore
import HyperoSchema
import Synchronization

// Called on the sender's thread.
extension Journal {
    /// The segments of all records that are published and that follow each other without a gap.
    struct Published {
        /// The segments that were read to their ends since the last call, in order.
        var fullSegments: [SegmentPiece]
        /// The segment that is being read.
        var current: SegmentPiece
        /// The sequence number of the last record.
        var accepted: UInt64
    }

    /// Returns the segments of the records read so far.
    ///
    /// The records end before the first one that a log call has reserved and not published yet.
    func published() -> Published {
        read()
        defer { reading.finished = [] }
        return Published(fullSegments: reading.finished, current: reading.piece, accepted: reading.accepted)
    }

    /// The sender's position in the records.
    struct Reading {
        /// The records read in the segment that is being read.
        var piece = SegmentPiece.empty
        /// The sequence number of the last record read.
        var accepted: UInt64 = 0
        /// The segments that were read to their ends and not returned yet.
        var finished: [SegmentPiece] = []
        /// The full segments that were not read to their ends, in order. The first one may be the one that is being read.
        var full: [SegmentPiece] = []
        /// The segment that log calls append to.
        var last = Segment.empty()

        /// Reads the published records of a segment.
        ///
        /// - Parameters:
        ///   - start: The offset of the first record.
        ///   - limit: The offset after the last reserved record, if it is known.
        /// - Returns: true if all records up to the limit were read.
        mutating func read(_ segment: Segment, from start: Int, to limit: Int?) -> Bool {
            if piece.segment !== segment || piece.start != start {
                piece = SegmentPiece(segment: segment, start: start, end: start)
            }
            while piece.end < limit ?? segment.size {
                let base = segment.base + piece.end
                // Acquire ordering: the length of a published record makes the whole record visible.
                let length = base.assumingMemoryBound(to: Atomic<UInt32>.self).pointee.load(ordering: .acquiring)
                guard length > 0, length & RecordHeader.busy == 0 else { return false }
                accepted = Record(at: base).seq
                piece.end += Int(length)
            }
            return true
        }
    }

    /// Reads on, up to the first record that is not published.
    private func read() {
        if isSet(.segmentChanged) {
            lock.withLock {
                reading.full += state.pointee.fullSegments
                state.pointee.fullSegments = []
                reading.last = state.pointee.current
                publishFlags(removing: .segmentChanged)
            }
        }
        while let next = reading.full.first {
            guard reading.read(next.segment, from: next.start, to: next.end) else { return }
            reading.finished.append(reading.full.removeFirst())
        }
        _ = reading.read(reading.last, from: reading.last.size > 0 ? SegmentHeader.size : 0, to: nil)
    }

    /// Closes the journal, and waits until the log calls that have reserved a record have published it.
    ///
    /// Such a log call may have been interrupted by the scheduler.
    ///
    /// - Parameter blocking: Runs a system call that may block.
    func finishAppending(within timeout: Duration, blocking: (() -> Void) -> Void = { $0() }) {
        close()
        let deadline = MonotonicTime.now + timeout
        while true {
            read()
            guard !isRead, .now < deadline else { return }
            blocking { usleep(500) }
        }
    }

    /// true if the journal is sealed and all its records were read.
    private var isRead: Bool {
        let (current, end): (Segment, Int?) = lock.withLock { (state.pointee.current, state.pointee.sealedEnd) }
        guard reading.full.isEmpty, let end else { return false }
        return current.size == 0 || reading.piece.segment === current && reading.piece.end == end
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
        /// The attempt of a resumed experiment is not known.
        static let hasResumed = SenderFlags(rawValue: 16)
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
        if !state.pointee.resumed.isEmpty { flags.insert(.hasResumed) }
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
            if let segment {
                state.pointee.spare = segment
                acceptRecords()
            } else {
                state.pointee.segmentCount -= 1
            }
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
            acceptRecords()
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
        close()
        let isRead = self.isRead
        var folder: JournalFolder?
        var spare: Segment?
        var current = SegmentPiece.empty
        let others: [Segment] = lock.withLock {
            folder = state.pointee.folder
            spare = state.pointee.spare
            current = currentPiece
            let others = state.pointee.fullSegments.map(\.segment) + state.pointee.adoptedSegments + [current.segment]
            state.pointee.folder = nil
            state.pointee.fullSegments = []
            state.pointee.adoptedSegments = []
            state.pointee.spare = nil
            state.pointee.current = .empty()
            publishFlags()
            return others
        }
        // A log call still writes its record: its memory stays mapped for the rest of the process, and the file stays.
        if !isRead { for segment in reading.full.map(\.segment) + [current.segment] { segment.leak() } }
        let unread = reading.full.map(\.segment)
        reading = Reading()
        spare?.remove()
        if keepsFiles || !isRead {
            if current.end > 0 { current.segment.freeBlocks(after: current.end) }
        } else {
            for segment in held + unread + others { segment.remove() }
            folder?.remove()
        }
    }

    /// The journal's folder; nil if the segments are in memory.
    var folder: JournalFolder? {
        lock.withLock { state.pointee.folder }
    }

    /// The path of the journal's folder; nil if the segments are in memory.
    var path: String? { folder?.path }

    /// Returns the experiments that this process has resumed since the last call without stating its attempt.
    func takeResumed() -> [ResumedExperiment] {
        guard isSet(.hasResumed) else { return [] }
        return lock.withLock {
            defer {
                state.pointee.resumed = []
                publishFlags()
            }
            return state.pointee.resumed
        }
    }

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
