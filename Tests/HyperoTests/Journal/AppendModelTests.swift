import TestSupport
import Testing

@testable import Hypero

/// Tests that run the steps of two log calls, of the sender and of a kill in every possible order.
///
/// Each step is one access to shared memory, made by the function that the code calls for it, in the order of
/// `Journal.append`, `Journal.makeRoom` and `Journal.Reading`. The kill needs no step of its own: the journal that it
/// leaves is checked in every state. The steps are executed as if all processors saw them in one order. The comment of
/// `AppendCursor` argues why the code may rely on that.
@Suite("Every order of the steps of concurrent appends")
struct AppendModelTests {
    @Test(arguments: [[1, 1], [2, 1], [2, 2]])
    func `No order of steps loses, mixes or duplicates a record, also at a kill`(records: [Int]) throws {
        var explorer = Explorer(records: records, mutation: nil)
        #expect(try explorer.violation() == nil)
        #expect(explorer.stateCount > 100)
        #expect(explorer.hasChangedSegment)
    }

    @Test(arguments: Mutation.allCases)
    func `The exploration finds the order of steps that breaks a weaker protocol`(mutation: Mutation) throws {
        var explorer = Explorer(records: [2, 2], mutation: mutation)
        #expect(try explorer.violation() != nil)
    }
}

/// A change of the protocol that makes it wrong.
enum Mutation: CaseIterable {
    /// The length is stored before the contents.
    case publishesFirst
    /// The record has no length while it is being written.
    case marksNoRecord
    /// The next segment is opened without a seal of the cursor.
    case opensUnsealed
    /// The address of the segment is loaded before the position.
    case loadsBaseFirst
    /// The sender releases a segment at the last published record instead of at the reserved end.
    case releasesEarly
}

/// A search of all states that two writers and a reader can reach.
private struct Explorer {
    let records: [Int]
    let mutation: Mutation?
    private(set) var stateCount = 0
    private(set) var hasChangedSegment = false

    init(records: [Int], mutation: Mutation?) {
        self.records = records
        self.mutation = mutation
    }

    /// Returns the first violation with the order of the threads that leads to it; nil if there is none.
    mutating func violation() throws -> String? {
        guard let world = World(records: records, mutation: mutation) else { throw TestFailure("no memory") }
        var seen: Set<[UInt64]> = [world.key]
        var schedules: [[Int]] = [[]]
        while let schedule = schedules.popLast() {
            var isStuck = true
            for thread in 0..<world.threadCount {
                world.run(schedule)
                guard world.step(thread) else { continue }
                if thread < records.count { isStuck = false }
                if let violation = world.violation { return "\(schedule + [thread]): \(violation)" }
                if seen.insert(world.key).inserted { schedules.append(schedule + [thread]) }
            }
            world.run(schedule)
            if world.isFinished {
                world.finish()
                if let violation = world.violation { return "\(schedule), at the end: \(violation)" }
                hasChangedSegment = hasChangedSegment || world.hasChangedSegment
            } else if isStuck {
                return "\(schedule): no thread can go on"
            }
        }
        stateCount = seen.count
        return nil
    }
}

/// Two writers and a reader with their shared memory.
private final class World {
    private static let battery = Array("b".utf8)
    /// The bytes of a channel. Its value equals the epoch.
    private static let channel = RecordHeader.channelHeader + 1 + 8
    /// The first writer's records have one channel and those of the second writer two. After one short record, a segment
    /// has room for another short one and not for a long one.
    private static let segmentSize = SegmentHeader.size + 2 * length(channels: 1) + 8

    private static func length(channels: Int) -> Int {
        (RecordHeader.size + battery.count + channels * channel + 7) & ~7
    }

    private let segments: [Segment]
    private let records: [Int]
    private let mutation: Mutation?
    private var cursor = AppendCursor(segmentSize: segmentSize)

    // The state that the lock of the journal protects.
    private var lockHolder: Int?
    private var current = 0
    private var full: [SegmentPiece] = []
    /// true if the sender has not seen the change of the segment.
    private var isChanged = true

    private var writers: [Writer] = []
    private var reading = Journal.Reading()
    private var released = 0
    private var readEpochs: [Int64] = []
    /// The epochs of the published records, by sequence number.
    private var published: [UInt64: Int64] = [:]
    private(set) var violation: String?
    /// false while steps are repeated, after which the state was checked before.
    private var checksKills = true

    private struct Writer {
        enum Step: UInt64 {
            case position, base, reserve, begin, header, payload, publish
            case lock, look, seal, open, unlock
            case done
        }

        var step = Step.position
        /// The number of channels of its records.
        let channels: Int
        var remaining: Int
        var position = AppendCursor.Position(accepted: 0)
        var base: UInt = 0
        var record: ReservedRecord?
        var writer: RecordWriter?
        var epoch: Int64 = 0
        /// The position at which the cursor was sealed.
        var sealed = AppendCursor.Position(accepted: 0)
    }

    init?(records: [Int], mutation: Mutation?) {
        let count = records.reduce(0, +) + 1
        segments = (0..<count).compactMap { _ in Segment.memory(size: Self.segmentSize) }
        guard segments.count == count else { return nil }
        self.records = records
        self.mutation = mutation
        reset()
    }

    deinit { cursor.destroy() }

    /// The writers, and then the reader.
    var threadCount: Int { records.count + 1 }
    var isFinished: Bool { writers.allSatisfy { $0.step == .done } }
    var hasChangedSegment: Bool { current > 0 }

    /// Runs the steps of threads from the initial state.
    func run(_ schedule: [Int]) {
        reset()
        checksKills = false
        for thread in schedule { _ = step(thread) }
        checksKills = true
    }

    private func reset() {
        for segment in segments { (segment.base).initializeMemory(as: UInt8.self, repeating: 0, count: segment.size) }
        cursor.destroy()
        cursor = AppendCursor(segmentSize: Self.segmentSize)
        cursor.open(at: segments[0].base, accepted: 0)
        lockHolder = nil
        current = 0
        full = []
        isChanged = true
        writers = records.enumerated().map { Writer(channels: $0 + 1, remaining: $1, epoch: Int64($0 + 1) * 100) }
        reading = Journal.Reading()
        released = 0
        readEpochs = []
        published = [:]
        violation = nil
    }

    /// All that the next steps depend on.
    var key: [UInt64] {
        var key: [UInt64] = [cursor.position().word, UInt64(current), UInt64(full.count), UInt64(released)]
        key += [UInt64(lockHolder.map { $0 + 1 } ?? 0), reading.accepted, UInt64(cursor.base())]
        key += [isChanged ? 1 : 0, UInt64(reading.piece.end), UInt64(reading.full.count)]
        key += readEpochs.map { UInt64($0) }
        for writer in writers {
            key += [writer.step.rawValue, UInt64(writer.remaining), writer.position.word, UInt64(writer.base)]
            key += [UInt64(UInt(bitPattern: writer.record?.base)), writer.sealed.word]
        }
        for segment in segments {
            for offset in stride(from: SegmentHeader.size, to: segment.size, by: 8) {
                key.append(segment.base.load(fromByteOffset: offset, as: UInt64.self))
            }
        }
        return key
    }

    /// Executes the next step of a thread.
    ///
    /// - Returns: false if the thread has no step, or waits for the lock.
    func step(_ thread: Int) -> Bool {
        guard thread < writers.count else { return read() }
        guard writers[thread].step != .done else { return false }
        let isPossible = append(thread)
        if isPossible { checkKill() }
        return isPossible
    }

    // MARK: - Journal.append

    private func append(_ thread: Int) -> Bool {
        var writer = writers[thread]
        defer { writers[thread] = writer }
        switch writer.step {
        case .position:
            if mutation == .loadsBaseFirst { writer.base = cursor.base() }
            writer.position = cursor.position()
            writer.step = .base
        case .base:
            guard cursor.hasRoom(for: length(of: writer), at: writer.position) else {
                writer.step = .lock
                return makeRoom(thread, &writer)
            }
            if mutation != .loadsBaseFirst { writer.base = cursor.base() }
            writer.step = .reserve
        case .reserve:
            guard cursor.reserve(length(of: writer), at: &writer.position) else {
                writer.step = .base
                break
            }
            writer.record = ReservedRecord(
                inSegmentAt: writer.base, offset: writer.position.offset, length: length(of: writer))
            writer.step = .begin
        case .begin:
            checkMemory(of: writer)
            switch mutation {
            case .publishesFirst: publish(writer)
            case .marksNoRecord: break
            default: writer.record?.begin()
            }
            writer.step = .header
        case .header:
            checkMemory(of: writer)
            writer.writer = Self.battery.withUnsafeBytes { battery in
                writer.record?.writeHeader(
                    .epoch, origin: 0, battery: battery, count: writer.channels, experiment: 1,
                    seq: writer.position.accepted + 1,
                    time: 1, epoch: writer.epoch)
            }
            writer.step = .payload
        case .payload:
            checkMemory(of: writer)
            for _ in 0..<writer.channels { writer.writer?.put(channel: "c" as StaticString, Double(writer.epoch)) }
            writer.step = .publish
        case .publish:
            checkMemory(of: writer)
            if mutation != .publishesFirst { publish(writer) }
            writer.record = nil
            writer.remaining -= 1
            writer.epoch += 1
            writer.step = writer.remaining == 0 ? .done : .position
        case .lock, .look, .seal, .open, .unlock: return makeRoom(thread, &writer)
        case .done: return false
        }
        return true
    }

    private func length(of writer: Writer) -> Int { Self.length(channels: writer.channels) }

    private func publish(_ writer: Writer) {
        published[writer.position.accepted + 1] = writer.epoch
        writer.record?.publish()
    }

    /// Checks that the reader has not released the memory of the record.
    private func checkMemory(of writer: Writer) {
        guard let base = writer.record?.base else { return }
        for segment in segments[..<released] where (segment.base..<segment.base + segment.size).contains(base) {
            violation = violation ?? "a record is written to a released segment"
        }
    }

    // MARK: - Journal.makeRoom

    private func makeRoom(_ thread: Int, _ writer: inout Writer) -> Bool {
        switch writer.step {
        case .lock:
            guard lockHolder == nil else { return false }
            lockHolder = thread
            writer.step = .look
        case .look:
            writer.sealed = cursor.position()
            writer.step = cursor.hasRoom(for: length(of: writer), at: writer.sealed) ? .unlock : .seal
        case .seal:
            if mutation != .opensUnsealed { writer.sealed = cursor.seal() }
            full.append(
                SegmentPiece(segment: segments[current], start: SegmentHeader.size, end: writer.sealed.offset))
            writer.step = .open
        case .open:
            current += 1
            cursor.open(at: segments[current].base, accepted: writer.sealed.accepted)
            isChanged = true
            writer.step = .unlock
        case .unlock:
            lockHolder = nil
            writer.step = .position
        default: return false
        }
        return true
    }

    // MARK: - Journal.read

    /// Reads all published records, writes their checksums, and releases the segments that are read to their ends.
    private func read() -> Bool {
        let before = (reading.piece.end, reading.accepted, released, reading.full.count)
        if isChanged {
            guard lockHolder == nil else { return false }
            reading.full += full
            full = []
            reading.last = segments[current]
            isChanged = false
        }
        readSegments()
        let hasChanged = before != (reading.piece.end, reading.accepted, released, reading.full.count)
        if hasChanged { checkKill() }
        return hasChanged
    }

    private func readSegments() {
        while let next = reading.full.first {
            let isRead = readRecords(next.segment, to: next.end)
            guard isRead || mutation == .releasesEarly && reading.accepted > 0 else { return }
            reading.full.removeFirst()
            released += 1
        }
        _ = readRecords(reading.last, to: nil)
    }

    private func readRecords(_ segment: Segment, to limit: Int?) -> Bool {
        let isSame = reading.piece.segment === segment
        let start = isSame ? reading.piece.end : SegmentHeader.size
        let isRead = reading.read(segment, from: SegmentHeader.size, to: limit)
        JournalFixture.forEachRecord(in: SegmentPiece(segment: segment, start: start, end: reading.piece.end)) {
            record in
            readEpochs.append(record.epoch ?? -1)
            check(record, seq: UInt64(readEpochs.count))
            record.writeChecksum()
        }
        return isRead
    }

    /// Reads the remaining records after the writers have finished.
    func finish() {
        while read() {}
        guard violation == nil, readEpochs.count != records.reduce(0, +) else { return }
        violation = "\(readEpochs.count) records were read"
    }

    private func check(_ record: Record, seq: UInt64) {
        var value = Double.nan
        record.forEachChannel { _, values in value = values[0] }
        guard record.seq != seq || record.epoch != published[seq] || value != Double(record.epoch ?? -1) else { return }
        violation = violation ?? "record \(seq) is not as it was written"
    }

    /// Checks that the client that adopts the journal of a killed process finds exactly the published records.
    private func checkKill() {
        guard checksKills, violation == nil else { return }
        var scan = RecordScan(ancestorCount: 0, isFromStart: true, hasSameBoot: true)
        for segment in segments { scan.scan(segment) }
        var found: [UInt64] = []
        for piece in scan.pieces {
            JournalFixture.forEachRecord(in: piece) { record in
                found.append(record.seq)
                check(record, seq: record.seq)
            }
        }
        if found != published.keys.sorted() { violation = violation ?? "a kill leaves \(found) of \(published.keys)" }
        if scan.damaged > 0 { violation = violation ?? "a kill leaves \(scan.damaged) damaged records" }
    }
}
