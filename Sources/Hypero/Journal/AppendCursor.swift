import Synchronization

/// The place of the next record, which log calls reserve without a lock.
///
/// One word holds the number of accepted records and the offset in the current segment. A log call reserves its record
/// by one compare-and-swap of the word, writes the record, and publishes it by its length. A log call therefore never
/// waits for another one that the scheduler has interrupted: it only tries again after another one has won.
///
///     let position = cursor.position()           the word
///     let base = cursor.base()                   the segment
///     cursor.reserve(length, at: &position)      the word, plus one record
///     record.begin(); write; record.publish()    busy length, contents, length
///
/// The journal's lock protects the slow path, which changes the segment: ``seal()`` and then ``open(at:accepted:)``.
///
/// **Memory order, also on processors that reorder stores such as arm64.**
/// - `open` stores the base before the word, with release, and `position` loads the word with acquire. A log call that
///   sees a word with room therefore loads the base of that segment or of a later one.
/// - `seal` replaces the word before a later `open` stores its base, and `base` is loaded with acquire. A log call that
///   has loaded a later base therefore finds the word changed, and its `reserve` fails. No value of the word with room
///   ever returns: each segment gets a record, so the next one begins with a higher number.
/// - The reader loads a length with acquire, and `publish` stores the length with release: a reader that sees the length
///   sees the whole record.
/// - `begin` stores the busy length first. A fence keeps the compiler and the processor from storing a part of the record
///   before it: after a kill, bytes without a length are therefore all zeros. The kill stops each thread between two
///   instructions, and the page cache receives the stores of all instructions before.
struct AppendCursor: @unchecked Sendable {
    /// The data that every log call needs, in cache lines of their own.
    private struct Line: ~Copyable {
        let word: Atomic<UInt64>
        /// The address of the current segment.
        let base = Atomic<UInt>(0)
        /// The size of a segment in bytes.
        let size: Int
        /// The number of forks between this process and the one that created the journal. Changes only in a forked child
        /// that has no other thread yet.
        let generation = Atomic<UInt32>(0)
    }

    // Threads share the pointee, which consists of atomic values and a constant.
    private let line: UnsafeMutablePointer<Line>

    /// Two cache lines, because processors fetch lines in pairs.
    private static let alignment = 128

    /// Creates a sealed cursor.
    ///
    /// - Parameters:
    ///   - size: The size of each segment in bytes, at most ``maxSegmentSize``.
    ///   - accepted: The number of records that were accepted before.
    init(segmentSize size: Int, accepted: UInt64 = 0) {
        precondition(size <= Self.maxSegmentSize, "hypero: a segment must have at most \(Self.maxSegmentSize) bytes")
        line = UnsafeMutableRawPointer.allocate(byteCount: Self.alignment, alignment: Self.alignment)
            .bindMemory(to: Line.self, capacity: 1)
        line.initialize(to: Line(word: Atomic(Position(accepted: accepted).word), size: size))
    }

    /// Frees the memory. The cursor must not be used afterwards.
    func destroy() {
        line.deinitialize(count: 1)
        UnsafeMutableRawPointer(line).deallocate()
    }

    /// The value of the word.
    struct Position: Equatable {
        fileprivate(set) var word: UInt64

        /// The bits of the offset, which is stored in units of 8 bytes. The other 42 bits number 4.4 trillion records:
        /// seven months at the highest rate that one connection sends.
        private static let offsetBits: UInt64 = 22
        private static let offsetMask: UInt64 = 1 << offsetBits - 1
        /// The offset of a sealed cursor, at which no record has room.
        static let sealedOffset = Int(offsetMask) * 8
        /// The largest number of records, less the number that one segment may hold.
        static let maxAccepted: UInt64 = (1 << (64 - offsetBits)) - (1 << offsetBits)

        /// - Parameter offset: The offset of the next record in bytes, a multiple of 8.
        init(accepted: UInt64, offset: Int = sealedOffset) {
            word = accepted << Self.offsetBits | UInt64(truncatingIfNeeded: offset) >> 3
        }

        fileprivate init(word: UInt64) {
            self.word = word
        }

        /// The number of accepted records, which is the sequence number of the last one.
        var accepted: UInt64 { word >> Self.offsetBits }
        /// The offset of the next record in bytes.
        var offset: Int { Int(truncatingIfNeeded: (word & Self.offsetMask) << 3) }

        fileprivate func advanced(by length: Int) -> UInt64 {
            word &+ (1 << Self.offsetBits) &+ UInt64(truncatingIfNeeded: length) >> 3
        }
    }

    static let maxSegmentSize = Position.sealedOffset

    var generation: UInt32 {
        line.pointee.generation.load(ordering: .relaxed)
    }

    /// Sets the generation of a forked child. Called before the child has another thread.
    func setGeneration(_ generation: UInt32) {
        line.pointee.generation.store(generation, ordering: .relaxed)
    }

    @inline(__always)
    func position() -> Position {
        Position(word: line.pointee.word.load(ordering: .acquiring))
    }

    /// Returns whether a record fits into the current segment. A sealed cursor has no room.
    @inline(__always)
    func hasRoom(for length: Int, at position: Position) -> Bool {
        position.offset &+ length <= line.pointee.size
    }

    /// Returns the address of the current segment, or of a later one if ``reserve(_:at:)`` fails.
    @inline(__always)
    func base() -> UInt {
        line.pointee.base.load(ordering: .acquiring)
    }

    /// Reserves a record for which there is room.
    ///
    /// - Parameter position: Replaced by the current value if another thread has changed the word.
    /// - Returns: false if another thread has changed the word.
    @inline(__always)
    func reserve(_ length: Int, at position: inout Position) -> Bool {
        // Release ordering too: what this thread has loaded before, for example that its battery is declared, was true
        // before the record got its sequence number.
        let (isReserved, word) = line.pointee.word.compareExchange(
            expected: position.word, desired: position.advanced(by: length), ordering: .acquiringAndReleasing)
        if !isReserved { position = Position(word: word) }
        return isReserved
    }

    /// Takes away the room: no record can be reserved until ``open(at:accepted:)``. Called under the journal's lock.
    ///
    /// - Returns: The position before. Every record of the segment ends at or before its offset.
    func seal() -> Position {
        var position = position()
        while true {
            let (isSealed, word) = line.pointee.word.compareExchange(
                expected: position.word, desired: Position(accepted: position.accepted).word,
                ordering: .acquiringAndReleasing)
            if isSealed { return position }
            position = Position(word: word)
        }
    }

    /// Lets log calls append to a new segment. Called under the journal's lock, after ``seal()``.
    func open(at base: UnsafeMutableRawPointer, accepted: UInt64) {
        line.pointee.base.store(UInt(bitPattern: base), ordering: .releasing)
        line.pointee.word.store(Position(accepted: accepted, offset: SegmentHeader.size).word, ordering: .releasing)
    }

    /// Seals the cursor of a forked child, whose records begin at 1 again. Called before the child has another thread.
    func reset() {
        line.pointee.word.store(Position(accepted: 0).word, ordering: .relaxed)
    }
}

/// The memory of a record that one log call has reserved and writes.
///
/// | length | meaning |
/// |---|---|
/// | 0 | reserved at most; all bytes are zeros |
/// | odd | one more than the length of a record that is being written |
/// | multiple of 8 | a complete record |
struct ReservedRecord {
    let base: UnsafeMutableRawPointer
    let length: Int

    @inline(__always)
    init(inSegmentAt base: UInt, offset: Int, length: Int) {
        self.base = UnsafeMutableRawPointer(bitPattern: base).unsafelyUnwrapped + offset
        self.length = length
    }

    /// Marks the record as being written. This is the first store to the record.
    @inline(__always)
    func begin() {
        word.pointee.store(UInt32(truncatingIfNeeded: length) | RecordHeader.busy, ordering: .relaxed)
        atomicMemoryFence(ordering: .releasing)
    }

    /// Writes the fixed part of the record and the battery's id.
    ///
    /// - Returns: A writer of the payload.
    @inline(__always)
    func writeHeader(
        _ kind: RecordKind, origin: UInt32, battery: UnsafeRawBufferPointer, count: Int, experiment: UInt32,
        seq: UInt64, time: Int64, epoch: Int64
    ) -> RecordWriter {
        base.storeBytes(
            of: kind.rawValue | UInt8(truncatingIfNeeded: origin) << 4, toByteOffset: RecordHeader.kind,
            as: UInt8.self)
        base.storeBytes(
            of: UInt8(truncatingIfNeeded: battery.count), toByteOffset: RecordHeader.batteryLength, as: UInt8.self)
        base.storeBytes(of: UInt16(truncatingIfNeeded: count), toByteOffset: RecordHeader.count, as: UInt16.self)
        base.storeBytes(of: experiment, toByteOffset: RecordHeader.experiment, as: UInt32.self)
        base.storeBytes(of: seq, toByteOffset: RecordHeader.seq, as: UInt64.self)
        base.storeBytes(of: time, toByteOffset: RecordHeader.time, as: Int64.self)
        base.storeBytes(of: epoch, toByteOffset: RecordHeader.epoch, as: Int64.self)
        (base + RecordHeader.size).copyMemory(from: battery.baseAddress!, byteCount: battery.count)
        return RecordWriter(at: base + RecordHeader.size + battery.count)
    }

    /// Completes the record. This is the last store to the record by a log call.
    @inline(__always)
    func publish() {
        word.pointee.store(UInt32(truncatingIfNeeded: length), ordering: .releasing)
    }

    @inline(__always)
    private var word: UnsafeMutablePointer<Atomic<UInt32>> { base.assumingMemoryBound(to: Atomic<UInt32>.self) }
}
