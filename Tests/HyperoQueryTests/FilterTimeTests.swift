import TestSupport
import Testing

@testable import HyperoQuery

/// Local times, in filters and in `rank --since`, around changes of the clock.
@Suite struct FilterTimeTests {
    /// Central Europe without a database of time zones.
    private static let zone = ["TZ": "CET-1CEST,M3.5.0,M10.5.0/3"]
    /// 2025-10-26, at whose 3:00 in summer time the clock is set back to 2:00.
    private static let autumn: Int64 = 1_761_436_800_000
    /// 2025-03-30, at whose 2:00 the clock is set forward to 3:00.
    private static let spring: Int64 = 1_743_292_800_000
    private static let minute: Int64 = 60_000

    private func ids(_ fixture: Fixture, _ arguments: [String]) throws -> [String] {
        let outcome = try fixture.query(
            "rank", ["net", "--format", "csv"] + arguments, environment: Self.zone)
        return outcome.stdout.split(whereSeparator: \.isNewline).dropFirst().map {
            String($0.split(separator: ",")[1])
        }
    }

    private static func fixture() throws -> Fixture {
        let fixture = try Fixture()
        let battery = fixture.battery("net")
        let starts = [
            spring + 89 * minute, spring + 91 * minute, autumn - 121 * minute, autumn + 15 * minute,
            autumn + 45 * minute,
            autumn + 105 * minute, autumn + 1_379 * minute, autumn + 1_380 * minute,
        ]
        for (index, start) in starts.enumerated() {
            fixture.experiment(
                "e\(index)-1", of: battery, maxima: ["valid": "0.\(9 - index)"], started: start)
        }
        try fixture.commit()
        return fixture
    }

    @Test func `A local time that occurs twice is the first one, and one that is skipped is after the gap`() throws {
        let fixture = try Self.fixture()
        let cases: [(String, [String])] = [
            // 2:30 is 0:30 in UTC, and 1:30 again.
            ("2025-10-26T02:30", ["e4-1", "e5-1", "e6-1", "e7-1"]),
            ("2025-10-26T02:30+02:00", ["e4-1", "e5-1", "e6-1", "e7-1"]),
            ("2025-10-26T02:30+01:00", ["e5-1", "e6-1", "e7-1"]),
            ("2025-10-26T03:00", ["e6-1", "e7-1"]),
            // The day has 25 hours: from 22:00 of the day before to 23:00.
            ("2025-10-26", ["e3-1", "e4-1", "e5-1", "e6-1", "e7-1"]),
            ("2025-10-27", ["e7-1"]),
            // 2:30 is 3:30 in summer time, 1:30 in UTC.
            ("2025-03-30T02:30", ["e1-1", "e2-1", "e3-1", "e4-1", "e5-1", "e6-1", "e7-1"]),
            ("2025-03-30T01:59", ["e0-1", "e1-1", "e2-1", "e3-1", "e4-1", "e5-1", "e6-1", "e7-1"]),
        ]
        for (time, expected) in cases {
            #expect(try ids(fixture, ["--since", time]) == expected, "\(time)")
            #expect(try ids(fixture, ["--where", "started >= \(time)"]) == expected, "\(time)")
            // Not by the times that were read before.
            #expect(
                try ids(fixture, ["--where", "started > 2025-01-01 and started < 2026-01-01 and started >= \(time)"])
                    == expected, "\(time)")
        }
        #expect(try ids(fixture, ["--where", "started = 2025-10-26"]) == ["e3-1", "e4-1", "e5-1", "e6-1"])
        #expect(
            try ids(fixture, ["--where", "started between 2025-10-26T02:00 and 2025-10-26T02:59"]) == ["e3-1", "e4-1"])
    }
}
