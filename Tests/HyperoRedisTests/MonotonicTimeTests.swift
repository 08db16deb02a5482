import HyperoCore
import Testing

struct MonotonicTimeTests {
    private let start = MonotonicTime(nanoseconds: 5)

    @Test(
        arguments: [
            (.zero, 5), (.nanoseconds(1), 6), (.seconds(1), 1_000_000_005), (.seconds(-1), -999_999_995),
            (.seconds(9_223_372_035), 9_223_372_035_000_000_005), (.nanoseconds(Int64.max), .max),
            (.seconds(9_223_372_036) + .milliseconds(999), .max), (.seconds(Int64.max), .max),
            (.seconds(Int64.max) + .nanoseconds(1), .max), (.seconds(Int64.min), 5),
        ] as [(Duration, Int64)])
    func `A deadline after any duration saturates instead of trapping`(duration: Duration, nanoseconds: Int64) {
        #expect((start + duration).nanoseconds == nanoseconds)
    }

    @Test(
        arguments: [
            (.zero, 0), (.nanoseconds(1), 1), (.milliseconds(1), 1), (.microseconds(1_001), 2), (.seconds(3), 3_000),
            (.seconds(-3), 0), (.nanoseconds(-1), 0), (.seconds(Int64.max), 1_000_000_000),
            (.seconds(999_999), 999_999_000),
        ] as [(Duration, Int32)])
    func `Milliseconds for poll are rounded up, so that a wait never ends early`(
        duration: Duration, milliseconds: Int32
    ) {
        #expect(duration.pollMilliseconds == milliseconds)
    }

    @Test func `The monotonic clock never goes back`() {
        let first = MonotonicTime.now
        #expect(first <= MonotonicTime.now)
        #expect(MonotonicTime.now - first >= .zero)
    }
}
