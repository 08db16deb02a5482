import HyperoCore
import Testing

@testable import Hypero

@Suite struct AnswerScheduleTests {
    private func time(_ milliseconds: Int64) -> MonotonicTime { MonotonicTime(nanoseconds: milliseconds * 1_000_000) }

    @Test func `A training that sends every millisecond looks for its answers in time`() {
        var schedule = Delivery.AnswerSchedule(first: .milliseconds(4), longest: .seconds(1))
        var looks: [Int64] = []
        for now in Int64(0)..<40 {
            schedule.begin(at: time(now))
            guard schedule.isDue(at: time(now)) else { continue }
            looks.append(now)
            schedule.lookAgain(at: time(now), hasAnswer: true)
        }
        #expect(looks == [4, 8, 12, 16, 20, 24, 28, 32, 36])
    }

    @Test func `Without an answer the looks become rare, whatever is sent, and after one they are frequent again`() {
        var schedule = Delivery.AnswerSchedule(first: .milliseconds(4), longest: .seconds(1))
        var looks: [Int64] = []
        for now in Int64(0)..<10_000 {
            schedule.begin(at: time(now))
            guard schedule.isDue(at: time(now)) else { continue }
            looks.append(now)
            schedule.lookAgain(at: time(now), hasAnswer: false)
        }
        #expect(looks.count < 25 && zip(looks, looks.dropFirst()).allSatisfy { $1 - $0 <= 1_000 })
        schedule.lookAgain(at: time(10_000), hasAnswer: true)
        #expect(!schedule.isDue(at: time(10_003)) && schedule.isDue(at: time(10_004)))
        schedule.end()
        #expect(!schedule.isDue(at: time(20_000)))
        schedule.begin(at: time(20_000))
        #expect(!schedule.isDue(at: time(20_003)) && schedule.isDue(at: time(20_004)))
    }
}
