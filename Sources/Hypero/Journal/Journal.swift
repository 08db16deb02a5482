import HyperoCore
import HyperoSchema
import Synchronization

/// The buffer between the log calls and the sender: records in mapped segments.
///
/// A log call reserves a record in the current segment with ``AppendCursor``, without a lock, writes it, and publishes it
/// by its length. The sender reads the records in their order, up to the first one that is not published, and releases a
/// segment only when it has read the segment to its reserved end: no log call then writes to the segment any more. The
/// lock protects only state that rarely changes, such as the current segment. ``SenderFlags`` announce such changes to
/// the sender. Between them, the sender writes to no cache line that log calls need.
///
/// The page cache keeps the segments' files when the process is killed, and the next client on the host adopts them.
final class Journal: @unchecked Sendable {
    /// The state that `lock` protects, used in Journal.swift, Journal+Sending.swift and Journal+Forking.swift.
    ///
    /// It is behind a pointer, so that a forked child can replace it without a look at the old value.
    struct State {
        var identity: JournalIdentity
        /// The number of forks between this process and the one that created the journal, as in the cursor.
        var generation: UInt32 = 0
        var isClosed = false
        /// true in a forked child before its first log call.
        var isForked = false
        /// The folder of the files; nil if the segments are in memory.
        var folder: JournalFolder?
        var current: Segment
        /// The offset at which the records of the current segment end; nil while log calls append to the segment.
        var sealedEnd: Int?
        /// The next segment, created ahead by the sender, so that no log call waits for the file system.
        var spare: Segment?
        /// Full segments that the sender has not collected yet, in order. Their last records may not be published yet.
        var fullSegments: [SegmentPiece] = []
        /// All segments of an adopted journal, including those without a record.
        var adoptedSegments: [Segment] = []
        /// The number of segments that exist.
        var segmentCount = 1
        /// The ordinal of the newest segment.
        var lastOrdinal = 1
        /// The experiments of which the sender must find out the attempt.
        var resumed: [ResumedExperiment] = []
        /// A message for the user that the sender has not shown yet.
        var notice: String?
        /// true once a notice was set. Later segments fail for the same reason.
        var hasGivenNotice = false
        /// The function that starts the sender of a forked child.
        var onChildStart: (() -> Void)?
    }

    let cursor: AppendCursor
    let lock = AdaptiveMutex()
    let state: UnsafeMutablePointer<State>
    /// The state of a child while the process forks. Protected by the lock of ``ForkGuard/Stage/journals``.
    let childState: UnsafeMutablePointer<State>
    /// nil for an adopted journal, which accepts no records.
    let settings: JournalSettings?
    /// The ``SenderFlags``. Written under the lock, read without it.
    let flags = Atomic<UInt8>(SenderFlags.segmentChanged.rawValue)
    /// The ``Refusal`` of all records. Written under the lock, read without it.
    let refusal = Atomic<UInt8>(Refusal.none.rawValue)
    let drops = Drops()
    /// The sender's reading. Only the sender's thread uses it.
    var reading = Reading()

    /// Creates a journal with its first segment.
    ///
    /// - Returns: nil if there is neither a file nor memory for a segment.
    init?(_ identity: JournalIdentity, _ settings: JournalSettings) {
        let first = FirstSegment(identity, settings)
        guard let segment = first.segment else { return nil }
        segment.populate()
        self.settings = settings
        cursor = AppendCursor(segmentSize: settings.segmentSize)
        state = .allocate(capacity: 1)
        childState = .allocate(capacity: 1)
        state.initialize(
            to: State(
                identity: identity, folder: first.folder, current: segment, notice: first.notice,
                hasGivenNotice: first.notice != nil))
        cursor.open(at: segment.base, accepted: 0)
        publishFlags()
    }

    /// Creates a closed journal from an orphaned one, for its events to be sent.
    init(_ orphan: OrphanedJournal) {
        settings = nil
        cursor = AppendCursor(segmentSize: 0, accepted: orphan.scan.seqs?.upperBound ?? 0)
        state = .allocate(capacity: 1)
        childState = .allocate(capacity: 1)
        state.initialize(
            to: State(
                identity: JournalIdentity(producer: orphan.header.producer, ancestors: orphan.header.ancestors),
                isClosed: true, folder: orphan.folder, current: .empty(), sealedEnd: 0,
                adoptedSegments: orphan.segments, segmentCount: orphan.segments.count))
        refusal.store(Refusal.closed.rawValue, ordering: .relaxed)
        // The scan has read the records. Their memory may be unloaded (``SegmentCopy``).
        reading.finished = orphan.scan.pieces
        reading.accepted = orphan.scan.seqs?.upperBound ?? 0
    }

    deinit {
        state.deinitialize(count: 1)
        state.deallocate()
        childState.deallocate()
        cursor.destroy()
        lock.destroy()
    }

    /// Appends a record, or counts the reason why it is dropped.
    ///
    /// Makes no system call, allocates nothing and waits for no other thread. The exception is a log call that finds the
    /// segment full: it changes to the spare segment, for which other log calls wait. If there is no spare segment,
    /// because log calls have filled a segment before the sender's thread ran, the log call creates one.
    ///
    /// - Parameters:
    ///   - battery: The bytes of the battery's id, at most 255.
    ///   - count: The number of channels or fields.
    ///   - payload: The number of bytes that `write` writes. It must be exact.
    ///   - time: The Unix milliseconds of the event; nil for now.
    /// - Returns: false if the record is dropped.
    @inline(__always) @discardableResult
    func append(
        _ kind: RecordKind, battery: UnsafeRawBufferPointer, subject: Subject,
        epoch: Int64 = RecordHeader.noEpoch, count: Int, payload: Int, time: Int64? = nil,
        write: (inout RecordWriter) -> Void
    ) -> Bool {
        let length = (RecordHeader.size + battery.count + payload + 7) & ~7
        let time = time ?? WallClock.milliseconds
        let origin = cursor.generation &- subject.generation
        guard origin <= SegmentHeader.maxAncestors else {
            countInvalid()
            return false
        }
        var position = cursor.position()
        var segment: UInt
        repeat {
            while !cursor.hasRoom(for: length, at: position) {
                guard makeRoom(for: length) else { return false }
                position = cursor.position()
            }
            segment = cursor.base()
        } while !cursor.reserve(length, at: &position)
        // From here on the memory belongs to this thread: the segment stays until its last record is published.
        let record = ReservedRecord(inSegmentAt: segment, offset: position.offset, length: length)
        record.begin()
        var writer = record.writeHeader(
            kind, origin: origin, battery: battery, count: count, experiment: subject.experiment,
            seq: position.accepted &+ 1, time: time, epoch: epoch)
        write(&writer)
        record.publish()
        return true
    }

    /// The experiment that a record belongs to.
    struct Subject {
        /// The number of the experiment in its producer; 0 in the declaration of a battery, ``RecordHeader/resumed`` for an
        /// experiment that another process has started.
        let experiment: UInt32
        /// The generation of the journal when the experiment started. A forked child may log to its parent's
        /// experiments.
        let generation: UInt32
    }

    /// The number of forks between this process and the one that created the journal. A forked child is a producer of
    /// its own, which has declared nothing.
    @inline(__always)
    var generation: UInt32 { cursor.generation }

    /// Counts an event outside the limits of the contract.
    func countInvalid() {
        drops.invalid.add(1, ordering: .relaxed)
    }

    /// Counts a row or an end of an experiment that has ended.
    func countEnded() {
        drops.ended.add(1, ordering: .relaxed)
    }

    /// true if the journal accepts no more records.
    var isClosed: Bool { refusal.load(ordering: .acquiring) == Refusal.closed.rawValue }

    /// Closes the journal: later records are dropped.
    func close() {
        lock.withLock {
            state.pointee.isClosed = true
            seal()
            refusal.store(Refusal.closed.rawValue, ordering: .releasing)
            publishFlags()
        }
    }

    /// The number of records accepted and dropped.
    var counts: (accepted: UInt64, dropped: Counters.Dropped) {
        (cursor.position().accepted, drops.counts)
    }

    /// An experiment that another process has started and this process goes on with.
    struct ResumedExperiment {
        let id: ExperimentID
        /// The battery through which this process resumes the experiment.
        let battery: BatteryID
    }

    /// Numbers a new experiment, and returns it with the current producer and seed.
    func beginExperiment() -> (producer: ProducerID, seed: UInt64, subject: Subject) {
        lock.withLock {
            if state.pointee.isForked, !state.pointee.isClosed { reinitializeInChild() }
            state.pointee.identity.experiments += 1
            return (
                state.pointee.identity.producer, state.pointee.identity.seed,
                Subject(experiment: state.pointee.identity.experiments, generation: generation)
            )
        }
    }

    /// Returns the seed of this process, and the subject of an experiment that another process has started.
    ///
    /// - Parameter resumed: the experiment, if the sender must find out which attempt this process is.
    func resumeExperiment(_ resumed: ResumedExperiment?) -> (seed: UInt64, subject: Subject) {
        lock.withLock {
            if state.pointee.isForked, !state.pointee.isClosed { reinitializeInChild() }
            if let resumed {
                state.pointee.resumed.append(resumed)
                publishFlags()
            }
            return (
                state.pointee.identity.seed, Subject(experiment: RecordHeader.resumed, generation: generation)
            )
        }
    }

    var identity: JournalIdentity {
        lock.withLock { state.pointee.identity }
    }

    /// Runs a body under the lock.
    func withLock<Result>(_ body: () -> Result) -> Result {
        lock.withLock(body)
    }
}

// The slow path of a log call.
extension Journal {
    /// The reason why the journal accepts no record of any size.
    enum Refusal: UInt8 {
        case none
        case closed
        /// No segment is free. Smaller records that would still fit are refused too: the dropped record may be the
        /// declaration of their battery, without which they would become dead letters.
        case full
    }

    /// The numbers of dropped events.
    struct Drops: ~Copyable {
        let journalFull = Atomic<UInt64>(0)
        let closed = Atomic<UInt64>(0)
        let ended = Atomic<UInt64>(0)
        let invalid = Atomic<UInt64>(0)

        var counts: Counters.Dropped {
            Counters.Dropped(
                journalFull: journalFull.load(ordering: .relaxed), closed: closed.load(ordering: .relaxed),
                ended: ended.load(ordering: .relaxed), invalid: invalid.load(ordering: .relaxed))
        }

        /// Sets all numbers to 0. Called in a forked child that has no other thread yet.
        func reset() {
            journalFull.store(0, ordering: .relaxed)
            closed.store(0, ordering: .relaxed)
            ended.store(0, ordering: .relaxed)
            invalid.store(0, ordering: .relaxed)
        }
    }

    /// Changes to the next segment, or counts the reason why the record is dropped.
    ///
    /// - Returns: false if the record is dropped.
    @inline(never)
    private func makeRoom(for length: Int) -> Bool {
        // Without the lock, which the threads of a full or closed journal would share.
        if refuses() { return false }
        return lock.withLock {
            if refuses() { return false }
            guard let settings else { return false }
            if state.pointee.isForked { reinitializeInChild() }
            guard length <= settings.segmentSize - SegmentHeader.size else {
                countInvalid()
                return false
            }
            // Another thread may have changed the segment while this one waited for the lock.
            let position = cursor.position()
            if cursor.hasRoom(for: length, at: position) { return true }
            guard position.accepted <= AppendCursor.Position.maxAccepted, let next = nextSegment(settings) else {
                seal()
                refusal.store(Refusal.full.rawValue, ordering: .releasing)
                return !refuses()
            }
            seal()
            // A forked child without memory for a segment has an empty segment.
            if state.pointee.current.size > 0 { state.pointee.fullSegments.append(currentPiece) }
            open(next)
            publishFlags(adding: .segmentChanged)
            return true
        }
    }

    /// Returns true, and counts the dropped record, if the journal accepts no record.
    private func refuses() -> Bool {
        switch Refusal(rawValue: refusal.load(ordering: .acquiring)) {
        case .closed: drops.closed.add(1, ordering: .relaxed)
        case .full: drops.journalFull.add(1, ordering: .relaxed)
        case .some(.none), nil: return false
        }
        return true
    }

    /// Returns the spare segment, or creates a segment. Called under the lock.
    private func nextSegment(_ settings: JournalSettings) -> Segment? {
        if let spare = state.pointee.spare {
            state.pointee.spare = nil
            return spare
        }
        guard state.pointee.segmentCount < settings.maxSegments else { return nil }
        state.pointee.lastOrdinal += 1
        var notice: String?
        let segment = settings.makeSegment(
            state.pointee.lastOrdinal, in: state.pointee.folder, of: state.pointee.identity, notice: &notice)
        if segment != nil { state.pointee.segmentCount += 1 }
        setNotice(notice)
        return segment
    }

    /// Ends the records of the current segment. Called under the lock.
    func seal() {
        guard state.pointee.sealedEnd == nil else { return }
        state.pointee.sealedEnd = cursor.seal().offset
    }

    /// Lets log calls append to a segment. Called under the lock, while the cursor is sealed.
    func open(_ segment: Segment) {
        state.pointee.current = segment
        state.pointee.sealedEnd = nil
        cursor.open(at: segment.base, accepted: cursor.position().accepted)
    }

    /// Ends the refusal of all records after a segment has become free. Called under the lock.
    func acceptRecords() {
        guard refusal.load(ordering: .relaxed) == Refusal.full.rawValue else { return }
        refusal.store(Refusal.none.rawValue, ordering: .releasing)
    }

    /// The reserved records of the current segment, which is sealed. Called under the lock.
    var currentPiece: SegmentPiece {
        let current = state.pointee.current
        guard current.size > 0 else { return .empty }
        return SegmentPiece(
            segment: current, start: SegmentHeader.size, end: state.pointee.sealedEnd ?? cursor.position().offset)
    }

    /// Keeps the first notice for the sender to show. Called under the lock.
    func setNotice(_ notice: String?) {
        guard let notice, !state.pointee.hasGivenNotice else { return }
        state.pointee.notice = notice
        state.pointee.hasGivenNotice = true
        publishFlags()
    }
}
