import HyperoRedis
import Testing

struct BackoffTests {
    @Test func `The maximum delay doubles from 50 ms to 10 s, and restarts after a success`() {
        var backoff = Backoff()
        let bounds = (0..<2_000).map { _ in backoff.nextDelay(random: 1) }
        let doubled = [50, 100, 200, 400, 800, 1_600, 3_200, 6_400].map { Duration.milliseconds($0) }
        #expect(Array(bounds.prefix(8)) == doubled)
        #expect(bounds.dropFirst(8).allSatisfy { $0 == .seconds(10) })
        #expect(backoff.failures == 2_000)
        backoff.reset()
        #expect(backoff.nextDelay(random: 1) == .milliseconds(50))
    }

    @Test func `A delay is random between 0 and its bound`() {
        var backoff = Backoff()
        #expect(backoff.nextDelay(random: 0) == .zero)
        #expect(backoff.nextDelay(random: 0.5) == .milliseconds(50))
        #expect(Backoff.slowDelay(random: 0) == .seconds(5))
        #expect(Backoff.slowDelay(random: 0.5) == .milliseconds(7_500))
    }
}
