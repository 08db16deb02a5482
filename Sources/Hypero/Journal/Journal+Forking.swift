import HyperoCore

extension Journal: ForkParticipant {
    static var forkStage: ForkGuard.Stage { .journals }

    /// Acquires the lock, so that no log call is in the middle of a record.
    func beforeFork() {
        lock.lock()
    }

    func afterForkInParent() {
        lock.unlock()
    }

    /// Marks the journal as a copy of the parent's. The segments and the folder belong to the parent and stay unchanged.
    func afterForkInChild() {
        if !state.pointee.isForked {
            state.pointee.isForked = true
            state.pointee.remaining = 0
            state.pointee.nextSeq = 1
            state.pointee.dropped = Counters.Dropped()
        }
        lock.reinitialize()
    }

    /// Sets the function that starts the sender of a forked child. The child's first log call calls the function under
    /// the lock.
    func onChildStart(_ start: @escaping @Sendable () -> Void) {
        lock.withLock { state.pointee.onChildStart = start }
    }

    /// Creates a producer and a journal for the child, at its first log call. Called under the lock.
    func reinitializeInChild() {
        guard let settings else { return }
        state.pointee.isForked = false
        state.pointee.identity = settings.childIdentity(of: state.pointee.identity)
        state.pointee.generation += 1
        let first = FirstSegment(state.pointee.identity, settings)
        let segment = first.segment ?? .empty()
        state.pointee.folder = first.folder
        state.pointee.current = segment
        state.pointee.position = segment.start
        state.pointee.remaining = segment.capacity
        state.pointee.spare = nil
        state.pointee.fullSegments = []
        state.pointee.segmentCount = first.segment == nil ? 0 : 1
        state.pointee.lastOrdinal = 1
        state.pointee.notice = first.notice
        state.pointee.hasGivenNotice = first.notice != nil
        publishFlags(adding: .segmentChanged)
        state.pointee.onChildStart?()
    }

    /// The folder and the first segment of a journal.
    struct FirstSegment {
        /// nil if no folder can be created.
        let folder: JournalFolder?
        /// nil if there is no memory.
        let segment: Segment?
        /// The message for the user if no file can be created.
        let notice: String?

        init(_ identity: JournalIdentity, _ settings: JournalSettings) {
            var notice: String?
            folder = settings.makeFolder(of: identity, notice: &notice)
            segment = settings.makeSegment(1, in: folder, of: identity, notice: &notice)
            self.notice = notice
        }
    }
}
