import HyperoCore
import HyperoRedis
import Testing

@testable import Hypero

@Suite("The durability window")
struct DurabilityWindowTests {
    private static func at(_ milliseconds: Int64) -> MonotonicTime {
        MonotonicTime(nanoseconds: milliseconds * 1_000_000)
    }

    @Test func `An applied event is durable ten seconds after it was first seen applied`() {
        var window = DurabilityWindow()
        window.observe(applied: 7, now: Self.at(0))
        window.observe(applied: 7, now: Self.at(9_999))
        #expect(window.durable == 0)
        window.observe(applied: 7, now: Self.at(10_000))
        #expect(window.durable == 7)
    }

    @Test func `Observations every two milliseconds delay durability by at most a second`() {
        var window = DurabilityWindow()
        for time in 0...20_000 as ClosedRange<Int64> where time % 2 == 0 {
            window.observe(applied: UInt64(min(time, 9_000)), now: Self.at(time))
            let expected = UInt64(max(0, min(time - 10_000, 9_000)))
            #expect(window.durable <= expected)
            #expect(window.durable + 1_000 >= expected)
        }
        #expect(window.durable == 9_000)
    }

    @Test func `A lower watermark withdraws the durability of events`() {
        var window = DurabilityWindow()
        window.observe(applied: 7, now: Self.at(0))
        window.observe(applied: 9, now: Self.at(10_000))
        #expect(window.durable == 7)
        window.observe(applied: 5, now: Self.at(10_001))
        #expect(window.durable == 5)
        window.observe(applied: 9, now: Self.at(20_000))
        #expect(window.durable == 5)
        window.observe(applied: 9, now: Self.at(30_000))
        #expect(window.durable == 9)
    }

    @Test func `An event that is marked as durable is durable at once`() {
        var window = DurabilityWindow()
        window.observe(applied: 7, now: Self.at(0))
        window.markDurable(through: 7)
        #expect(window.durable == 7)
    }

    @Test func `The next observation is due when the first one is old enough, once the watermark is observed`() {
        var window = DurabilityWindow()
        #expect(window.nextObservation(after: 0) == nil)
        window.observe(applied: 7, now: Self.at(0))
        #expect(window.nextObservation(after: 7) == Self.at(10_000))
        // Less than a second after the last one, the watermark is not observed.
        window.observe(applied: 9, now: Self.at(500))
        #expect(window.nextObservation(after: 9) == nil)
        window.observe(applied: 9, now: Self.at(1_500))
        #expect(window.nextObservation(after: 9) == Self.at(10_000))
        window.observe(applied: 9, now: Self.at(10_000))
        #expect(window.durable == 7)
        #expect(window.nextObservation(after: 9) == Self.at(11_500))
        window.observe(applied: 9, now: Self.at(11_500))
        #expect(window.durable == 9)
        #expect(window.nextObservation(after: 9) == nil)
    }
}
