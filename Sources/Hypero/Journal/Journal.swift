import Glibc
import HyperoCore
import HyperoRedis
import HyperoSchema
import Synchronization

/// The buffer between the training and the sender: records in mapped segments.
///
/// Callers append to the current segment under the lock. The sender reads it without: a record's length is stored last,
/// released, so whoever sees one sees all of the record, and a length of zero is where they end for now. Only what seldom
/// changes, as which segment is the current one, it takes under the lock, and only when ``SenderFlags`` say that there is
/// something. So the sender writes nothing that callers need at once, and a call does not wait for its cache lines.
///
/// The page cache keeps file segments when the process is killed, and the next client on the host finds them.
final class Journal: @unchecked Sendable {
    /// What `lock` protects; touched in this file and in Journal+Sending.swift and Journal+Forking.swift. It lies behind
    /// a pointer because a class' own variables are checked for exclusive access at run time, which costs as much as the
    /// record. What each call needs comes first, to lie in one cache line with the lock.
    struct State {
        /// Where the next record goes, and how much the current segment has left.
        var position: UnsafeMutableRawPointer
        var left: Int
        var nextSeq: UInt64 = 1
        /// How often the process was forked from the one that made the journal.
        var generation: UInt32 = 0
        var isClosed = false
        /// The process is a child that was forked off and has not logged yet: nothing here is its own.
        var isForked = false
        var dropped = Counters.Dropped()

        var identity: JournalIdentity
        /// Nil when there are no files.
        var folder: JournalFolder?
        var current: Segment
        /// Made ahead by the sender, so that a caller does not wait for the file system.
        var spare: Segment?
        /// Full ones that the sender has not taken over yet.
        var sealed: [SegmentPiece] = []
        /// All of a journal that was left, also those without a record.
        var inherited: [Segment] = []
        /// All segments there are, and the last number one was named after.
        var segments = 1
        var ordinal = 1
        var notice: String?
        /// The lack of files is told once, not with every segment.
        var isMemoryTold = false
        /// Starts what sends a child's journal.
        var beginSending: (() -> Void)?
    }

    /// One block: the lock, then the state.
    private let memory: UnsafeMutableRawPointer
    let lock: SpinLock
    let state: UnsafeMutablePointer<State>
    let settings: JournalSettings?
    /// What the sender has to look for under the lock; written under it.
    let signs: Atomic<UInt8>
    /// How far the sender has read; the sender's thread's own.
    var reading: Reading

    /// Makes a journal.
    ///
    /// - Returns: nil when there is not even memory.
    init?(_ identity: JournalIdentity, _ settings: JournalSettings) {
        self.settings = settings
        let beginning = FirstSegment(identity, settings)
        guard let first = beginning.segment else { return nil }
        first.populate()
        (memory, lock, state) = Self.allocate(
            State(
                position: first.start, left: first.room, identity: identity, folder: beginning.folder, current: first,
                notice: beginning.notice, isMemoryTold: beginning.notice != nil))
        signs = Atomic(SenderFlags.isElsewhere.rawValue)
        reading = Reading(piece: .none)
        announce()
    }

    /// Takes up a journal that was left; it takes no records.
    init(_ left: OrphanedJournal) {
        settings = nil
        let nothing = Segment.nothing()
        (memory, lock, state) = Self.allocate(
            State(
                position: nothing.base, left: 0, nextSeq: (left.scan.seqs?.upperBound ?? 0) &+ 1, isClosed: true,
                identity: JournalIdentity(producer: left.header.producer, ancestors: left.header.ancestors),
                folder: left.folder, current: nothing, sealed: left.scan.pieces, inherited: left.segments,
                segments: left.segments.count))
        signs = Atomic(SenderFlags.isElsewhere.rawValue)
        reading = Reading(piece: .none)
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

    /// Bytes.
    private static let cacheLine = 64

    /// Appends a record; when it cannot be, counts why.
    ///
    /// No system call, no allocation, and never a wait for the sender. Only when callers fill a whole segment faster
    /// than the sender's thread gets the processor does one of them make the next segment itself.
    ///
    /// - Parameters:
    ///   - subject: whose record it is.
    ///   - payload: bytes that `write` writes, exactly.
    @inline(__always)
    func append(
        _ kind: RecordKind, battery: UnsafeRawBufferPointer, _ subject: Subject,
        epoch: Int64 = RecordHeader.noEpoch, count: Int, payload: Int, _ write: (inout RecordWriter) -> Void
    ) {
        let length = (RecordHeader.size + battery.count + payload + 7) & ~7
        let time = WallClock.milliseconds
        lock.withLock {
            if state.pointee.left < length || state.pointee.isClosed {
                guard makeRoom(for: length) else { return }
            }
            let origin = state.pointee.generation &- subject.generation
            guard origin <= SegmentHeader.mostAncestors else {
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
            // The length makes the record: what a kill leaves half written has none. Released, so that neither the
            // compiler nor the processor writes it sooner.
            base.assumingMemoryBound(to: Atomic<UInt32>.self).pointee
                .store(UInt32(truncatingIfNeeded: length), ordering: .releasing)
            state.pointee.nextSeq &+= 1
            state.pointee.position = base + length
            state.pointee.left -= length
        }
    }

    /// Whose record it is.
    struct Subject {
        /// The experiment's number, 0 in the declaration of a battery.
        let experiment: UInt32
        /// The journal's when the experiment was begun: a forked child logs to those of its parent too.
        let generation: UInt32
    }

    /// Counts an event that the contract does not allow.
    func refuse() {
        lock.withLock { state.pointee.dropped.invalid += 1 }
    }

    /// Takes no more records.
    func close() {
        lock.withLock {
            state.pointee.isClosed = true
            announce()
        }
    }

    /// How many records were taken and how many not.
    var counts: (accepted: UInt64, dropped: Counters.Dropped) {
        lock.withLock { (state.pointee.nextSeq - 1, state.pointee.dropped) }
    }

    /// The producer as it is now, and the number of the next experiment.
    func beginExperiment() -> (producer: ProducerID, seed: UInt64, subject: Subject) {
        lock.withLock {
            if state.pointee.isForked, !state.pointee.isClosed { beginAnew() }
            state.pointee.identity.experiments += 1
            return (
                state.pointee.identity.producer, state.pointee.identity.seed,
                Subject(experiment: state.pointee.identity.experiments, generation: state.pointee.generation)
            )
        }
    }

    /// Who writes.
    var identity: JournalIdentity {
        lock.withLock { state.pointee.identity }
    }

    /// Does something that no fork may fall into.
    func exclusively<Result>(_ body: () -> Result) -> Result {
        lock.withLock(body)
    }

    /// Under the lock: goes on to the next segment, or counts why not.
    @inline(never)
    private func makeRoom(for length: Int) -> Bool {
        guard !state.pointee.isClosed, let settings else {
            state.pointee.dropped.closed += 1
            return false
        }
        if state.pointee.isForked { beginAnew() }
        guard state.pointee.left < length else { return true }
        guard length <= settings.segmentSize - SegmentHeader.size else {
            state.pointee.dropped.invalid += 1
            return false
        }
        var next = state.pointee.spare
        state.pointee.spare = nil
        if next == nil, state.pointee.segments < settings.mostSegments {
            state.pointee.ordinal += 1
            var notice: String?
            next = settings.makeSegment(
                state.pointee.ordinal, in: state.pointee.folder, of: state.pointee.identity, &notice)
            if next != nil { state.pointee.segments += 1 }
            tell(notice)
        }
        guard let next else {
            state.pointee.dropped.journalFull += 1
            return false
        }
        // A child that finds no memory has no segment yet.
        if state.pointee.current.size > 0 { state.pointee.sealed.append(currentPiece) }
        state.pointee.current = next
        state.pointee.position = next.start
        state.pointee.left = next.room
        announce(.isElsewhere)
        return true
    }

    /// Under the lock: the stretch of the current segment that holds records.
    var currentPiece: SegmentPiece {
        let current = state.pointee.current
        guard current.size > 0 else { return .none }
        return SegmentPiece(segment: current, start: SegmentHeader.size, end: current.size - state.pointee.left)
    }

    /// Under the lock: keeps the first notice for the sender to say.
    func tell(_ notice: String?) {
        guard let notice, !state.pointee.isMemoryTold else { return }
        state.pointee.notice = notice
        state.pointee.isMemoryTold = true
        announce()
    }
}
