import HyperoCore
import Testing

@testable import Hypero

@Suite struct ClaimPacingTests {
    @Test func `Claims without an answer end a wait of several calls, and a trial begins the count again`() {
        var pacing = ClaimPacing()
        var ends = (1...4).map { _ in pacing.delayOrEndAfterLoss(lease: .seconds(600)) }
        #expect(ends == [false, false, true, false])
        pacing.begin()
        ends = (1...3).map { _ in pacing.delayOrEndAfterLoss(lease: .seconds(600)) }
        #expect(ends == [false, false, true])
    }

    @Test func `The claims become rare, and at most four seconds or a quarter of the lease pass between two`() {
        var pacing = ClaimPacing()
        for _ in 1...10 { pacing.delay(lease: .seconds(600)) }
        var before = MonotonicTime.now
        pacing.delay(lease: .seconds(600))
        #expect(pacing.next >= before + .seconds(4) && pacing.next <= .now + .seconds(4))
        before = .now
        pacing.delay(lease: .milliseconds(400))
        #expect(pacing.next >= before + .milliseconds(100) && pacing.next <= .now + .milliseconds(100))
        pacing.begin()
        #expect(pacing.next <= .now)
    }
}
