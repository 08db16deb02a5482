import HyperoRedis
import HyperoCore

// A forked child.
extension Journal {
    /// What starts the sending of a child's journal; called under the lock, when the child logs for the first time.
    func whenBegunAnew(_ beginSending: @escaping @Sendable () -> Void) {
        lock.withLock { state.pointee.beginSending = beginSending }
    }

    /// Before the process is forked: nobody is in the middle of a record.
    func holdForFork() {
        lock.lock()
    }

    /// In the parent, when that is done.
    func letGoAfterFork() {
        lock.unlock()
    }

    /// In the child: what is there is the parent's, and not touched.
    ///
    /// Only what is safe in a signal handler: another thread may have been inside of malloc.
    func becomeChild() {
        if !state.pointee.isForked {
            state.pointee.isForked = true
            state.pointee.left = 0
            state.pointee.nextSeq = 1
            state.pointee.dropped = Counters.Dropped()
        }
        lock.reinitialize()
    }

    /// Under the lock, in a child that logs for the first time: a producer of its own, with a journal of its own.
    func beginAnew() {
        guard let settings else { return }
        state.pointee.isForked = false
        state.pointee.identity = settings.child(of: state.pointee.identity)
        state.pointee.generation += 1
        let beginning = FirstSegment(state.pointee.identity, settings)
        let first = beginning.segment ?? .nothing()
        state.pointee.folder = beginning.folder
        state.pointee.current = first
        state.pointee.position = first.start
        state.pointee.left = first.room
        state.pointee.spare = nil
        state.pointee.sealed = []
        state.pointee.segments = beginning.segment == nil ? 0 : 1
        state.pointee.ordinal = 1
        state.pointee.notice = beginning.notice
        state.pointee.isMemoryTold = beginning.notice != nil
        announce(.isElsewhere)
        state.pointee.beginSending?()
    }

    /// The folder and the first segment.
    struct FirstSegment {
        let folder: JournalFolder?
        let segment: Segment?
        let notice: String?

        init(_ identity: JournalIdentity, _ settings: JournalSettings) {
            var notice: String?
            folder = settings.makeFolder(of: identity, &notice)
            segment = settings.makeSegment(1, in: folder, of: identity, &notice)
            self.notice = notice
        }
    }
}
