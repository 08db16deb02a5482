import HyperoCore
import HyperoRedis
import Testing

@testable import Hypero

@Suite("Notices to the user")
struct UserNoticesTests {
    private static func at(_ seconds: Int64) -> MonotonicTime { MonotonicTime(nanoseconds: seconds * 1_000_000_000) }

    @Test func `A problem is reported once until it changes, and a recovery is reported once`() {
        let recorder = NoticeRecorder()
        var notices = UserNotices(recorder.notify)
        notices.recovered("well")
        for second in 0..<100 as Range<Int64> { notices.failure("one", now: Self.at(second)) }
        notices.failure("two", now: Self.at(100))
        for _ in 0..<100 { notices.recovered("well") }
        #expect(recorder.notices == ["one", "two", "well"])
    }

    @Test func `Alternating problems are reported five times and then once a minute`() {
        let recorder = NoticeRecorder()
        var notices = UserNotices(recorder.notify)
        for second in 0..<600 as Range<Int64> {
            notices.failure("away \(second % 2)", now: Self.at(second))
            notices.recovered("back")
        }
        let problems = recorder.count(containing: "away")
        #expect(problems == 5 + 9)
        // Each reported problem is followed by its recovery, so the last notice shows the current state.
        #expect(recorder.count(containing: "back") == problems)
    }

    @Test func `A suppressed problem is reported later if it persists`() {
        let recorder = NoticeRecorder()
        var notices = UserNotices(recorder.notify)
        for number in 0..<10 { notices.failure("trouble \(number)", now: Self.at(0)) }
        #expect(recorder.notices.count == 5)
        notices.failure("trouble 9", now: Self.at(59))
        #expect(recorder.notices.count == 5)
        notices.failure("trouble 9", now: Self.at(61))
        #expect(recorder.notices.last == "trouble 9")
        notices.failure("trouble 9", now: Self.at(200))
        #expect(recorder.notices.count == 6)
    }

    @Test func `A one-time notice is never suppressed, and no recovery is reported after it`() {
        let recorder = NoticeRecorder()
        var notices = UserNotices(recorder.notify)
        for number in 0..<10 { notices.failure("trouble \(number)", now: Self.at(0)) }
        notices.recovered("well")
        notices.event("kept in memory")
        notices.recovered("well")
        #expect(Array(recorder.notices.suffix(2)) == ["well", "kept in memory"])
    }
}
