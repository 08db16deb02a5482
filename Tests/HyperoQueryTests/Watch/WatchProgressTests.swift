import HyperoCore
import HyperoSchema
import Testing

@testable import HyperoQuery

@Suite struct WatchProgressTests {
    private let start = MonotonicTime(nanoseconds: 1_000_000_000_000)
    private let clock: Int64 = 1_763_899_200_000

    private func id(_ offset: Int64) -> StreamID { StreamID(milliseconds: UInt64(clock + offset), sequence: 0) }

    private func cursor(_ offset: Int64) -> WatchProgress.Cursor { WatchProgress.Cursor(events: id(offset)) }

    /// Returns a progress whose result has all events up to the clock.
    private func current(partitions: Int = 1) -> WatchProgress {
        var progress = WatchProgress()
        progress.setPartitions(partitions)
        let check1 = progress.check(Array(repeating: cursor(0), count: partitions), at: start)
        #expect(check1)
        progress.didRead()
        return progress
    }

    @Test func `Nothing is read without an event`() {
        let progress = current()
        #expect(progress.nextCheck == nil && progress.lag(clock: clock) == nil)
    }

    @Test func `The result is read when the ingest has applied an event, and not before`() throws {
        var progress = current()
        let now = start + .seconds(1)
        progress.received(id(1_000), isControl: false, in: 0, at: now, clock: clock + 1_000)
        let first = try #require(progress.nextCheck)
        #expect(first > now && first < now + .milliseconds(100))
        let check2 = progress.check([cursor(0)], at: first)
        #expect(!check2)
        #expect(progress.lag(clock: clock + 1_500) == 500)
        let second = try #require(progress.nextCheck)
        let check3 = progress.check([cursor(1_000)], at: second)
        #expect(check3)
        progress.didRead()
        #expect(progress.nextCheck == nil && progress.lag(clock: clock + 2_000) == nil)
    }

    @Test func `The result is read while the ingest advances towards the event`() throws {
        var progress = current()
        progress.received(id(5_000), isControl: false, in: 0, at: start, clock: clock + 5_000)
        let check4 = progress.check([cursor(2_000)], at: try #require(progress.nextCheck))
        #expect(check4)
        progress.didRead()
        let check5 = progress.check([cursor(2_000)], at: try #require(progress.nextCheck))
        #expect(!check5)
        let check6 = progress.check([cursor(5_000)], at: try #require(progress.nextCheck))
        #expect(check6)
        progress.didRead()
        #expect(progress.nextCheck == nil)
    }

    @Test func `The cursors of an ingest that does not run are read once per second`() throws {
        var progress = current()
        progress.received(id(1), isControl: false, in: 0, at: start + .seconds(1), clock: clock)
        var times: [MonotonicTime] = []
        for _ in 0..<20 {
            let time = try #require(progress.nextCheck)
            let check7 = progress.check([cursor(0)], at: time)
            #expect(!check7)
            times.append(time)
        }
        #expect(times[19] - times[18] == .seconds(1))
        #expect(progress.lag(clock: clock + 60_000) == 60_000)
    }

    @Test func `Two reads are a quarter of a second apart, however many events arrive`() throws {
        var progress = current()
        var now = start
        var reads = 0
        for step in 1...1_000 {
            now = now + .milliseconds(1)
            progress.received(id(Int64(step)), isControl: false, in: 0, at: now, clock: clock + Int64(step))
            guard let next = progress.nextCheck, next <= now else { continue }
            if progress.check([cursor(Int64(step))], at: now) {
                progress.didRead()
                reads += 1
            }
        }
        #expect((3...4).contains(reads))
    }

    @Test func `A deletion waits for the cursor of the control stream`() throws {
        var progress = current()
        progress.received(id(9), isControl: true, in: 0, at: start, clock: clock)
        let check8 = progress.check([cursor(0)], at: try #require(progress.nextCheck))
        #expect(!check8)
        let carriedOut = WatchProgress.Cursor(events: id(0), control: id(9))
        let check9 = progress.check([carriedOut], at: try #require(progress.nextCheck))
        #expect(check9)
        progress.didRead()
        #expect(progress.nextCheck == nil)
    }

    @Test func `A cursor or a number of entries that has gone back means other data, and an advance does not`() {
        var progress = current(partitions: 2)
        func cursors(_ offset: Int64, applied: UInt64) -> [WatchProgress.Cursor] {
            [cursor(0), WatchProgress.Cursor(events: id(offset), applied: applied)]
        }
        _ = progress.check(cursors(5, applied: 10), at: start + .seconds(1))
        for (offset, applied, isReplaced) in [
            (5, 10, false), (6, 11, false), (4, 10, true), (9, 3, true), (4, 3, true),
        ] as [(Int64, UInt64, Bool)] {
            #expect(progress.isReplaced(by: cursors(offset, applied: applied)) == isReplaced)
        }
        #expect(progress.isReplaced(by: [WatchProgress.Cursor(), WatchProgress.Cursor()]))
    }

    @Test func `Each partition waits for its own cursor, and a request reads at once`() throws {
        var progress = current(partitions: 2)
        progress.received(id(3), isControl: false, in: 1, at: start, clock: clock)
        let check10 = progress.check([cursor(9), cursor(0)], at: try #require(progress.nextCheck))
        #expect(!check10)
        let check11 = progress.check([cursor(9), cursor(3)], at: try #require(progress.nextCheck))
        #expect(check11)
        progress.didRead()
        progress.request(at: start + .seconds(60))
        #expect(progress.nextCheck == start + .seconds(60))
        let check12 = progress.check([cursor(9), cursor(3)], at: start + .seconds(60))
        #expect(check12)
        progress.didRead()
        let check13 = progress.check([cursor(9), cursor(3)], at: start + .seconds(61))
        #expect(!check13)
    }

    @Test func `A read that takes long is not repeated at once`() throws {
        var progress = current()
        progress.request(at: start)
        _ = progress.check([cursor(0)], at: start + .seconds(1))
        progress.didRead(taking: .seconds(2))
        progress.received(id(5), isControl: false, in: 0, at: start + .seconds(2), clock: clock)
        #expect(progress.nextCheck == start + .seconds(11))
    }
}
