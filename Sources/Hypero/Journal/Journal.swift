import Glibc
import HyperoRedis
import HyperoSchema

/// The buffer between the training and the sender: records in mapped segments.
///
/// Callers append to the current segment under the lock, and the sender takes what was published under the same lock;
/// segments belong to the callers while they are current and to the sender from then on. The page cache keeps file
/// segments when the process is killed.
final class Journal: @unchecked Sendable {
    /// What `lock` protects. It lies behind a pointer because a class' own variables are checked for exclusive access
    /// at run time, which costs as much as the record.
    private struct State {
        /// Where the next record goes, and how much the current segment has left.
        var position: UnsafeMutableRawPointer
        var left: Int
        var nextSeq: UInt64 = 1
        var isClosed = false
        var dropped = Counters.Dropped()

        var current: Segment
        /// Made ahead by the sender, so that a caller does not wait for the file system.
        var spare: Segment?
        /// Full ones that the sender has not taken over yet, with how many bytes of each are records.
        var sealed: [(segment: Segment, end: Int)] = []
        /// All segments there are, and the last number one was named after.
        var segments = 1
        var ordinal = 1
        var notice: String?
        /// The lack of files is told once, not with every segment.
        var isMemoryTold: Bool
    }

    private let lock = Lock()
    private let state: UnsafeMutablePointer<State>
    private let folder: JournalFolder?
    private let segmentSize: Int
    private let mostSegments: Int

    /// - Parameters:
    ///   - limit: bytes of all segments together; at least two segments are allowed.
    ///   - segmentSize: bytes of one; the largest record must fit.
    /// - Returns: nil when there is not even memory.
    init?(producer: ProducerID, limit: Int, segmentSize: Int, environment: (String) -> String?) {
        self.segmentSize = segmentSize
        mostSegments = max(2, limit / segmentSize)
        var notice: String?
        do {
            folder = try JournalFolder(for: producer.text, environment: environment)
        } catch {
            folder = nil
            notice = Self.memoryOnly(error)
        }
        guard let first = Self.makeSegment(1, in: folder, size: segmentSize, &notice) else { return nil }
        first.populate()
        state = .allocate(capacity: 1)
        state.initialize(
            to: State(
                position: first.base, left: first.size, current: first, notice: notice, isMemoryTold: notice != nil))
    }

    deinit {
        state.deinitialize(count: 1)
        state.deallocate()
        lock.destroy()
    }

    /// Appends a record; when it cannot be, counts why.
    ///
    /// No system call, no allocation, and never a wait for the sender. Only when callers fill a whole segment faster
    /// than the sender's thread gets the processor does one of them make the next segment itself.
    ///
    /// - Parameters:
    ///   - experiment: its number, 0 in the declaration of a battery.
    ///   - payload: bytes that `write` writes, exactly.
    @inline(__always)
    func append(
        _ kind: RecordKind, battery: UnsafeRawBufferPointer, experiment: UInt64,
        epoch: Int64 = RecordHeader.noEpoch, count: Int, payload: Int, _ write: (inout RecordWriter) -> Void
    ) {
        let length = (RecordHeader.size + battery.count + payload + 7) & ~7
        let time = WallClock.milliseconds
        lock.withLock {
            if state.pointee.left < length || state.pointee.isClosed {
                guard makeRoom(for: length) else { return }
            }
            let base = state.pointee.position
            base.storeBytes(of: kind.rawValue, toByteOffset: RecordHeader.kind, as: UInt8.self)
            base.storeBytes(
                of: UInt8(truncatingIfNeeded: battery.count), toByteOffset: RecordHeader.batteryLength, as: UInt8.self)
            base.storeBytes(
                of: UInt16(truncatingIfNeeded: count), toByteOffset: RecordHeader.count, as: UInt16.self)
            base.storeBytes(of: state.pointee.nextSeq, toByteOffset: RecordHeader.seq, as: UInt64.self)
            base.storeBytes(of: time, toByteOffset: RecordHeader.time, as: Int64.self)
            base.storeBytes(of: experiment, toByteOffset: RecordHeader.experiment, as: UInt64.self)
            base.storeBytes(of: epoch, toByteOffset: RecordHeader.epoch, as: Int64.self)
            (base + RecordHeader.size).copyMemory(from: battery.baseAddress!, byteCount: battery.count)
            var writer = RecordWriter(at: base + RecordHeader.size + battery.count)
            write(&writer)
            // The length makes the record: what a kill leaves half written has none.
            base.storeBytes(of: UInt32(truncatingIfNeeded: length), toByteOffset: RecordHeader.length, as: UInt32.self)
            state.pointee.nextSeq &+= 1
            state.pointee.position = base + length
            state.pointee.left -= length
        }
    }

    /// Counts an event that the contract does not allow.
    func refuse() {
        lock.withLock { state.pointee.dropped.invalid += 1 }
    }

    /// Takes no more records.
    func close() {
        lock.withLock { state.pointee.isClosed = true }
    }

    /// How many records were taken and how many not.
    var counts: (accepted: UInt64, dropped: Counters.Dropped) {
        lock.withLock { (state.pointee.nextSeq - 1, state.pointee.dropped) }
    }

    /// Under the lock: goes on to the next segment, or counts why not.
    @inline(never)
    private func makeRoom(for length: Int) -> Bool {
        guard !state.pointee.isClosed else {
            state.pointee.dropped.closed += 1
            return false
        }
        guard length <= segmentSize else {
            state.pointee.dropped.invalid += 1
            return false
        }
        var next = state.pointee.spare
        state.pointee.spare = nil
        if next == nil, state.pointee.segments < mostSegments {
            state.pointee.ordinal += 1
            var notice: String?
            next = Self.makeSegment(state.pointee.ordinal, in: folder, size: segmentSize, &notice)
            if next != nil { state.pointee.segments += 1 }
            tell(notice)
        }
        guard let next else {
            state.pointee.dropped.journalFull += 1
            return false
        }
        let end = state.pointee.current.size - state.pointee.left
        state.pointee.sealed.append((state.pointee.current, end))
        state.pointee.current = next
        state.pointee.position = next.base
        state.pointee.left = next.size
        return true
    }

    /// Under the lock: keeps the first notice for the sender to say.
    private func tell(_ notice: String?) {
        guard let notice, !state.pointee.isMemoryTold else { return }
        state.pointee.notice = notice
        state.pointee.isMemoryTold = true
    }

    private static func makeSegment(
        _ ordinal: Int, in folder: JournalFolder?, size: Int, _ notice: inout String?
    ) -> Segment? {
        guard let folder else { return .memory(size: size) }
        do {
            return try .file(at: folder.segment(ordinal), size: size)
        } catch {
            notice = memoryOnly(error)
            return .memory(size: size)
        }
    }

    private static func memoryOnly(_ error: SystemError) -> String {
        "no journal file can be made (\(error)): events are kept in memory, and a kill would lose what is queued; "
            + "set HYPERO_JOURNAL to a folder that can be written"
    }
}

// What the sender's thread calls.
extension Journal {
    /// What the sender has not seen yet.
    struct Published {
        /// Segments that got full, in order, each with the bytes of it that are records.
        var sealed: [(segment: Segment, end: Int)]
        var current: Segment
        /// Bytes of the current segment that are records.
        var end: Int
        var accepted: UInt64
    }

    func published() -> Published {
        lock.withLock {
            let sealed = state.pointee.sealed
            if !sealed.isEmpty { state.pointee.sealed = [] }
            return Published(
                sealed: sealed, current: state.pointee.current,
                end: state.pointee.current.size - state.pointee.left, accepted: state.pointee.nextSeq - 1)
        }
    }

    /// Makes the next segment ahead, outside of the lock.
    func prepare() {
        let ordinal: Int? = lock.withLock {
            guard state.pointee.spare == nil, state.pointee.segments < mostSegments, !state.pointee.isClosed else {
                return nil
            }
            state.pointee.segments += 1
            state.pointee.ordinal += 1
            return state.pointee.ordinal
        }
        guard let ordinal else { return }
        var notice: String?
        let made = Self.makeSegment(ordinal, in: folder, size: segmentSize, &notice)
        made?.populate()
        lock.withLock {
            tell(notice)
            if let made { state.pointee.spare = made } else { state.pointee.segments -= 1 }
        }
    }

    /// Whether one more segment at most can be made.
    var isNearlyFull: Bool {
        lock.withLock { state.pointee.segments + 1 >= mostSegments }
    }

    /// Gives back a segment that is not needed any more.
    func release(_ segment: Segment) {
        segment.remove()
        lock.withLock { state.pointee.segments -= 1 }
    }

    /// Takes no more records, and gives the memory back: a host process that goes on keeps nothing of a closed client.
    ///
    /// - Parameters:
    ///   - held: segments that the sender holds.
    ///   - keepsFiles: whether the files stay, because events in them were not sent.
    func end(removing held: [Segment], keepsFiles: Bool) {
        let nothing = Segment.nothing()
        let left: [Segment] = lock.withLock {
            let left =
                state.pointee.sealed.map(\.segment) + [state.pointee.current] + [state.pointee.spare].compactMap(\.self)
            state.pointee.isClosed = true
            state.pointee.sealed = []
            state.pointee.spare = nil
            state.pointee.current = nothing
            state.pointee.position = nothing.base
            state.pointee.left = 0
            return left
        }
        guard !keepsFiles else { return }
        for segment in held + left { segment.remove() }
        folder?.remove()
    }

    /// Where the files are; nil when there are none.
    var path: String? { folder?.path }

    /// What the user should know about the journal, once.
    func takeNotice() -> String? {
        lock.withLock {
            defer { state.pointee.notice = nil }
            return state.pointee.notice
        }
    }
}
