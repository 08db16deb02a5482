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
        var settling = DurabilityWindow()
        settling.observe(applied: 7, now: Self.at(0))
        settling.observe(applied: 7, now: Self.at(9_999))
        #expect(settling.durable == 0)
        settling.observe(applied: 7, now: Self.at(10_000))
        #expect(settling.durable == 7)
    }

    @Test("Seen every two milliseconds, all of it settles within a second more")
    func often() {
        var settling = DurabilityWindow()
        for time in 0...20_000 as ClosedRange<Int64> where time % 2 == 0 {
            settling.observe(applied: UInt64(min(time, 9_000)), now: Self.at(time))
            let long = UInt64(max(0, min(time - 10_000, 9_000)))
            #expect(settling.durable <= long)
            #expect(settling.durable + 1_000 >= long)
        }
        #expect(settling.durable == 9_000)
    }

    @Test("A server that forgot something takes back what had settled")
    func back() {
        var settling = DurabilityWindow()
        settling.observe(applied: 7, now: Self.at(0))
        settling.observe(applied: 9, now: Self.at(10_000))
        #expect(settling.durable == 7)
        settling.observe(applied: 5, now: Self.at(10_001))
        #expect(settling.durable == 5)
        settling.observe(applied: 9, now: Self.at(20_000))
        #expect(settling.durable == 5)
        settling.observe(applied: 9, now: Self.at(30_000))
        #expect(settling.durable == 9)
    }

    @Test("What is old is taken for settled at once")
    func old() {
        var settling = DurabilityWindow()
        settling.observe(applied: 7, now: Self.at(0))
        settling.markDurable(through: 7)
        #expect(settling.durable == 7)
    }
}
