import HyperoCore
import Synchronization

extension Journal: ForkParticipant {
    static var forkStage: ForkGuard.Stage { .journals }

    /// Copies the state for the child. The lock is released before the fork, so that no log call waits for the fork, which
    /// takes longer the more memory the process uses.
    func beforeFork() {
        childState.initialize(to: lock.withLock { State(forChildOf: state.pointee) })
    }

    func afterForkInParent() {
        childState.deinitialize(count: 1)
    }

    /// Replaces the state by the one that ``beforeFork()`` has prepared.
    ///
    /// Another thread of the parent may have been changing the old state, or writing a record. The record is in the
    /// parent's segment, and the parent's thread completes it there. The old state is not released: a part of it may be
    /// half changed.
    func afterForkInChild() {
        state.moveInitialize(from: childState, count: 1)
        cursor.reset()
        cursor.setGeneration(state.pointee.generation)
        drops.reset()
        refusal.store((state.pointee.isClosed ? Refusal.closed : .none).rawValue, ordering: .relaxed)
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
        let first = FirstSegment(state.pointee.identity, settings)
        state.pointee.folder = first.folder
        state.pointee.segmentCount = first.segment == nil ? 0 : 1
        state.pointee.lastOrdinal = 1
        state.pointee.notice = first.notice
        state.pointee.hasGivenNotice = first.notice != nil
        if let segment = first.segment { open(segment) }
        // The child has no sender yet, so no other thread uses `reading`. The parent's segments, which it refers to, are
        // not mapped in the child, and must not be unmapped: something else may be mapped at their addresses.
        withUnsafeMutablePointer(to: &reading) { $0.initialize(to: Reading()) }
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

extension Journal.State {
    /// Creates the state of a forked child before its first log call: without segments and a folder, which belong to the
    /// parent.
    fileprivate init(forChildOf parent: Journal.State) {
        // A process that has logged nothing since its own fork is no producer, and not an ancestor of its child's.
        self.init(
            identity: parent.identity, generation: parent.generation + (parent.isForked ? 0 : 1),
            isClosed: parent.isClosed, isForked: true, current: .empty(), sealedEnd: 0, segmentCount: 0,
            onChildStart: parent.onChildStart)
    }
}
