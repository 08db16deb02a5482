import HyperoCore
import HyperoSchema
import Synchronization

/// The buffer between the log calls and the sender: records in mapped segments.
///
/// Log calls append to the current segment under the lock. The sender reads without the lock. The length of a record is
/// stored last, with release ordering: a reader that sees the length sees the whole record, and a length of 0 marks the
/// end of the records. The sender acquires the lock only for state that rarely changes, such as the current segment,
/// and only if ``SenderFlags`` announce a change. Between such changes, the sender writes to no cache line that log calls
/// need.
///
/// The page cache keeps the segments' files when the process is killed, and the next client on the host adopts them.
final class Journal: @unchecked Sendable {
    /// The state that `lock` protects, used in Journal.swift, Journal+Sending.swift and Journal+Forking.swift.
    ///
    /// It is behind a pointer, because a class's own variables are checked for exclusive access at run time, which
    /// costs as much as a record. The first properties are the ones that every log call needs: they share a cache line
    /// with the lock.
    struct State {
        /// The address of the next record.
        var position: UnsafeMutableRawPointer
        /// The bytes remaining in the current segment.
        var remaining: Int
        var nextSeq: UInt64 = 1
        /// The number of forks between this process and the one that created the journal.
        var generation: UInt32 = 0
        var isClosed = false
        /// true in a forked child before its first log call. All other state is then a copy of the parent's.
        var isForked = false
        var dropped = Counters.Dropped()

        var identity: JournalIdentity
        /// The folder of the files; nil if the segments are in memory.
        var folder: JournalFolder?
        var current: Segment
        /// The next segment, created ahead by the sender, so that no log call waits for the file system.
        var spare: Segment?
        /// Full segments that the sender has not collected yet, in order.
        var fullSegments: [SegmentPiece] = []
        /// All segments of an adopted journal, including those without a record.
        var adoptedSegments: [Segment] = []
        /// The number of segments that exist.
        var segmentCount = 1
        /// The ordinal of the newest segment.
        var lastOrdinal = 1
        /// A message for the user that the sender has not shown yet.
        var notice: String?
        /// true once a notice was set. Later segments fail for the same reason.
        var hasGivenNotice = false
        /// The function that starts the sender of a forked child.
        var onChildStart: (() -> Void)?
    }

    /// One allocation that holds the lock and the state.
    private let memory: UnsafeMutableRawPointer
    let lock: SpinLock
    let state: UnsafeMutablePointer<State>
    /// nil for an adopted journal, which accepts no records.
    let settings: JournalSettings?
    /// The ``SenderFlags``. Written under the lock, read without it.
    let flags: Atomic<UInt8>
    /// The sender's read position. Only the sender's thread uses it.
    var readPosition: ReadPosition

    /// Creates a journal with its first segment.
    ///
    /// - Returns: nil if there is neither a file nor memory for a segment.
    init?(_ identity: JournalIdentity, _ settings: JournalSettings) {
        self.settings = settings
        let first = FirstSegment(identity, settings)
        guard let segment = first.segment else { return nil }
        segment.populate()
        (memory, lock, state) = Self.allocate(
            State(
                position: segment.start, remaining: segment.capacity, identity: identity, folder: first.folder,
                current: segment, notice: first.notice, hasGivenNotice: first.notice != nil))
        flags = Atomic(SenderFlags.segmentChanged.rawValue)
        readPosition = ReadPosition(piece: .empty)
        publishFlags()
    }

    /// Creates a closed journal from an orphaned one, for its events to be sent.
    init(_ orphan: OrphanedJournal) {
        settings = nil
        let empty = Segment.empty()
        (memory, lock, state) = Self.allocate(
            State(
                position: empty.base, remaining: 0, nextSeq: (orphan.scan.seqs?.upperBound ?? 0) &+ 1, isClosed: true,
                identity: JournalIdentity(producer: orphan.header.producer, ancestors: orphan.header.ancestors),
                folder: orphan.folder, current: empty, fullSegments: orphan.scan.pieces,
                adoptedSegments: orphan.segments, segmentCount: orphan.segments.count))
        flags = Atomic(SenderFlags.segmentChanged.rawValue)
        readPosition = ReadPosition(piece: .empty)
    }

    deinit {
        state.deinitialize(count: 1)
        memory.deallocate()
    }

    private static func allocate(
        _ value: State
    ) -> (UnsafeMutableRawPointer, SpinLock, UnsafeMutablePointer<State>) {
        let memory = UnsafeMutableRawPointer.allocate(
            byteCount: SpinLock.size + MemoryLayout<State>.size, alignment: cacheLine)
        let state = (memory + SpinLock.size).bindMemory(to: State.self, capacity: 1)
        state.initialize(to: value)
        return (memory, SpinLock(at: memory), state)
    }

    /// The size of a cache line in bytes.
    private static let cacheLine = 64

    /// Appends a record, or counts the reason why it is dropped.
    ///
    /// Makes no system call, allocates nothing and never waits for the sender. The exception is a log call that finds
    /// no spare segment, because log calls have filled a segment before the sender's thread ran. That log call creates
    /// the segment.
    ///
    /// - Parameters:
    ///   - battery: The bytes of the battery's id, at most 255.
    ///   - count: The number of channels or fields.
    ///   - payload: The number of bytes that `write` writes. It must be exact.
    @inline(__always)
    func append(
        _ kind: RecordKind, battery: UnsafeRawBufferPointer, subject: Subject,
        epoch: Int64 = RecordHeader.noEpoch, count: Int, payload: Int, write: (inout RecordWriter) -> Void
    ) {
        let length = (RecordHeader.size + battery.count + payload + 7) & ~7
        let time = WallClock.milliseconds
        lock.withLock {
            if state.pointee.remaining < length || state.pointee.isClosed {
                guard makeRoom(for: length) else { return }
            }
            let origin = state.pointee.generation &- subject.generation
            guard origin <= SegmentHeader.maxAncestors else {
                state.pointee.dropped.invalid += 1
                return
            }
            let base = state.pointee.position
            base.storeBytes(
                of: kind.rawValue | UInt8(truncatingIfNeeded: origin) << 4, toByteOffset: RecordHeader.kind,
                as: UInt8.self)
            base.storeBytes(
                of: UInt8(truncatingIfNeeded: battery.count), toByteOffset: RecordHeader.batteryLength, as: UInt8.self)
            base.storeBytes(
                of: UInt16(truncatingIfNeeded: count), toByteOffset: RecordHeader.count, as: UInt16.self)
            base.storeBytes(of: subject.experiment, toByteOffset: RecordHeader.experiment, as: UInt32.self)
            base.storeBytes(of: state.pointee.nextSeq, toByteOffset: RecordHeader.seq, as: UInt64.self)
            base.storeBytes(of: time, toByteOffset: RecordHeader.time, as: Int64.self)
            base.storeBytes(of: epoch, toByteOffset: RecordHeader.epoch, as: Int64.self)
            (base + RecordHeader.size).copyMemory(from: battery.baseAddress!, byteCount: battery.count)
            var writer = RecordWriter(at: base + RecordHeader.size + battery.count)
            write(&writer)
            // The length completes the record: a record that a kill interrupts has none. Release ordering keeps the
            // compiler and the processor from storing the length before the rest.
            base.assumingMemoryBound(to: Atomic<UInt32>.self).pointee
                .store(UInt32(truncatingIfNeeded: length), ordering: .releasing)
            state.pointee.nextSeq &+= 1
            state.pointee.position = base + length
            state.pointee.remaining -= length
        }
    }

    /// The experiment that a record belongs to.
    struct Subject {
        /// The number of the experiment in its producer; 0 in the declaration of a battery.
        let experiment: UInt32
        /// The generation of the journal when the experiment started. A forked child may log to its parent's
        /// experiments.
        let generation: UInt32
    }

    /// Counts an event outside the limits of the contract.
    func countInvalid() {
        lock.withLock { state.pointee.dropped.invalid += 1 }
    }

    /// Closes the journal: later records are dropped.
    func close() {
        lock.withLock {
            state.pointee.isClosed = true
            publishFlags()
        }
    }

    /// The number of records accepted and dropped.
    var counts: (accepted: UInt64, dropped: Counters.Dropped) {
        lock.withLock { (state.pointee.nextSeq - 1, state.pointee.dropped) }
    }

    /// Numbers a new experiment, and returns it with the current producer and seed.
    func beginExperiment() -> (producer: ProducerID, seed: UInt64, subject: Subject) {
        lock.withLock {
            if state.pointee.isForked, !state.pointee.isClosed { reinitializeInChild() }
            state.pointee.identity.experiments += 1
            return (
                state.pointee.identity.producer, state.pointee.identity.seed,
                Subject(experiment: state.pointee.identity.experiments, generation: state.pointee.generation)
            )
        }
    }

    var identity: JournalIdentity {
        lock.withLock { state.pointee.identity }
    }

    /// Runs a body under the lock, so that no fork interrupts it.
    func withLock<Result>(_ body: () -> Result) -> Result {
        lock.withLock(body)
    }

    /// Switches to the next segment, or counts the reason why the record is dropped. Called under the lock.
    ///
    /// - Returns: false if the record is dropped.
    @inline(never)
    private func makeRoom(for length: Int) -> Bool {
        guard !state.pointee.isClosed, let settings else {
            state.pointee.dropped.closed += 1
            return false
        }
        if state.pointee.isForked { reinitializeInChild() }
        guard state.pointee.remaining < length else { return true }
        guard length <= settings.segmentSize - SegmentHeader.size else {
            state.pointee.dropped.invalid += 1
            return false
        }
        var next = state.pointee.spare
        state.pointee.spare = nil
        if next == nil, state.pointee.segmentCount < settings.maxSegments {
            state.pointee.lastOrdinal += 1
            var notice: String?
            next = settings.makeSegment(
                state.pointee.lastOrdinal, in: state.pointee.folder, of: state.pointee.identity, notice: &notice)
            if next != nil { state.pointee.segmentCount += 1 }
            setNotice(notice)
        }
        guard let next else {
            state.pointee.dropped.journalFull += 1
            return false
        }
        // A forked child without memory for a segment has an empty segment.
        if state.pointee.current.size > 0 { state.pointee.fullSegments.append(currentPiece) }
        state.pointee.current = next
        state.pointee.position = next.start
        state.pointee.remaining = next.capacity
        publishFlags(adding: .segmentChanged)
        return true
    }

    /// The records of the current segment. Read under the lock.
    var currentPiece: SegmentPiece {
        let current = state.pointee.current
        guard current.size > 0 else { return .empty }
        return SegmentPiece(segment: current, start: SegmentHeader.size, end: current.size - state.pointee.remaining)
    }

    /// Keeps the first notice for the sender to show. Called under the lock.
    func setNotice(_ notice: String?) {
        guard let notice, !state.pointee.hasGivenNotice else { return }
        state.pointee.notice = notice
        state.pointee.hasGivenNotice = true
        publishFlags()
    }
}
