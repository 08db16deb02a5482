import HyperoCore
import HyperoRedis
import Testing

@testable import Hypero

@Suite("What a person is told")
struct UserNoticesTests {
    private static func at(_ seconds: Int64) -> MonotonicTime { MonotonicTime(nanoseconds: seconds * 1_000_000_000) }

    @Test("A trouble is told once, until it changes, and so is its end")
    func once() {
        let board = NoticeRecorder()
        var notices = UserNotices(board.notify)
        notices.recovered("well")
        for second in 0..<100 as Range<Int64> { notices.failure("one", now: Self.at(second)) }
        notices.failure("two", now: Self.at(100))
        for _ in 0..<100 { notices.recovered("well") }
        #expect(board.sentences == ["one", "two", "well"])
    }

    @Test("Troubles that come and go are told a few times, then once a minute")
    func bounded() {
        let board = NoticeRecorder()
        var notices = UserNotices(board.notify)
        for second in 0..<600 as Range<Int64> {
            notices.failure("away \(second % 2)", now: Self.at(second))
            notices.recovered("back")
        }
        let troubles = board.count(containing: "away")
        #expect(troubles == 5 + 9)
        // Whoever reads the last line knows how it is.
        #expect(board.count(containing: "back") == troubles)
    }

    @Test("A trouble that was kept back is told when it stays")
    func toldLater() {
        let board = NoticeRecorder()
        var notices = UserNotices(board.notify)
        for number in 0..<10 { notices.failure("trouble \(number)", now: Self.at(0)) }
        #expect(board.sentences.count == 5)
        notices.failure("trouble 9", now: Self.at(59))
        #expect(board.sentences.count == 5)
        notices.failure("trouble 9", now: Self.at(61))
        #expect(board.sentences.last == "trouble 9")
        notices.failure("trouble 9", now: Self.at(200))
        #expect(board.sentences.count == 6)
    }

    @Test("What has to be known is told at any time, and is no trouble that ends")
    func always() {
        let board = NoticeRecorder()
        var notices = UserNotices(board.notify)
        for number in 0..<10 { notices.failure("trouble \(number)", now: Self.at(0)) }
        notices.recovered("well")
        notices.event("kept in memory")
        notices.recovered("well")
        #expect(Array(board.sentences.suffix(2)) == ["well", "kept in memory"])
    }
}
