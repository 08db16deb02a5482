import HyperoCore
import HyperoRedis
import Testing

@testable import Hypero

@Suite("What a person is told")
struct UserNoticesTests {
    private static func at(_ seconds: Int64) -> MonotonicTime { MonotonicTime(nanoseconds: seconds * 1_000_000_000) }

    @Test("A trouble is told once, until it changes, and so is its end")
    func once() {
        let recorder = NoticeRecorder()
        var notices = UserNotices(recorder.notify)
        notices.isWell("well")
        for second in 0..<100 as Range<Int64> { notices.trouble("one", now: Self.at(second)) }
        notices.trouble("two", now: Self.at(100))
        for _ in 0..<100 { notices.isWell("well") }
        #expect(recorder.notices == ["one", "two", "well"])
    }

    @Test("Troubles that come and go are told a few times, then once a minute")
    func bounded() {
        let recorder = NoticeRecorder()
        var notices = UserNotices(recorder.notify)
        for second in 0..<600 as Range<Int64> {
            notices.trouble("away \(second % 2)", now: Self.at(second))
            notices.isWell("back")
        }
        let troubles = recorder.count(containing: "away")
        #expect(troubles == 5 + 9)
        // Whoever reads the last line knows how it is.
        #expect(recorder.count(containing: "back") == troubles)
    }

    @Test("A trouble that was kept back is told when it stays")
    func toldLater() {
        let recorder = NoticeRecorder()
        var notices = UserNotices(recorder.notify)
        for number in 0..<10 { notices.trouble("trouble \(number)", now: Self.at(0)) }
        #expect(recorder.notices.count == 5)
        notices.trouble("trouble 9", now: Self.at(59))
        #expect(recorder.notices.count == 5)
        notices.trouble("trouble 9", now: Self.at(61))
        #expect(recorder.notices.last == "trouble 9")
        notices.trouble("trouble 9", now: Self.at(200))
        #expect(recorder.notices.count == 6)
    }

    @Test("What has to be known is told at any time, and is no trouble that ends")
    func always() {
        let recorder = NoticeRecorder()
        var notices = UserNotices(recorder.notify)
        for number in 0..<10 { notices.trouble("trouble \(number)", now: Self.at(0)) }
        notices.isWell("well")
        notices.tell("kept in memory")
        notices.isWell("well")
        #expect(Array(recorder.notices.suffix(2)) == ["well", "kept in memory"])
    }
}
