import HyperoCore
import HyperoRedis
import Testing

@testable import Hypero

@Suite("What is applied is kept for a while longer")
struct DurabilityWindowTests {
    private static func at(_ milliseconds: Int64) -> MonotonicTime {
        MonotonicTime(nanoseconds: milliseconds * 1_000_000)
    }

    @Test("Ten seconds after it was seen, and not before")
    func time() {
        var window = DurabilityWindow()
        window.note(applied: 7, now: Self.at(0))
        window.note(applied: 7, now: Self.at(9_999))
        #expect(window.settled == 0)
        window.note(applied: 7, now: Self.at(10_000))
        #expect(window.settled == 7)
    }

    @Test("Seen every two milliseconds, all of it settles within a second more")
    func often() {
        var window = DurabilityWindow()
        for time in 0...20_000 as ClosedRange<Int64> where time % 2 == 0 {
            window.note(applied: UInt64(min(time, 9_000)), now: Self.at(time))
            let long = UInt64(max(0, min(time - 10_000, 9_000)))
            #expect(window.settled <= long)
            #expect(window.settled + 1_000 >= long)
        }
        #expect(window.settled == 9_000)
    }

    @Test("A server that forgot something takes back what had settled")
    func back() {
        var window = DurabilityWindow()
        window.note(applied: 7, now: Self.at(0))
        window.note(applied: 9, now: Self.at(10_000))
        #expect(window.settled == 7)
        window.note(applied: 5, now: Self.at(10_001))
        #expect(window.settled == 5)
        window.note(applied: 9, now: Self.at(20_000))
        #expect(window.settled == 5)
        window.note(applied: 9, now: Self.at(30_000))
        #expect(window.settled == 9)
    }

    @Test("What is old is taken for settled at once")
    func old() {
        var window = DurabilityWindow()
        window.note(applied: 7, now: Self.at(0))
        window.settle(7)
        #expect(window.settled == 7)
    }
}
