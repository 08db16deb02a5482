import HyperoSchema
import TestSupport
import Testing

@testable import HyperoQuery

/// `rank --since`: times and ages, as filters have them.
@Suite struct StartTimeTests {
    private static let now: Int64 = 1_763_899_200_000

    @Test(
        arguments: [
            ("90s", now - 90_000), ("1m", now - 60_000), ("2h", now - 7_200_000), ("1.5h", now - 5_400_000),
            ("2d", now - 172_800_000), ("1w", now - 604_800_000), ("0s", now), (".5m", now - 30_000),
            // An age is bounded, so that it cannot overflow.
            ("1h30m", now - 5_400_000), ("2hours", now - 7_200_000), ("1500ms", now - 1_500),
            ("999999999999999999999w", now - 1_000_000_000_000_000),
            ("2025-11-23T12:00Z", now), ("2025-11-23T12:00:00Z", now), ("2025-11-23 11:59:59z", now - 1_000),
            ("2025-11-23T00:00Z", now - 43_200_000), ("1970-01-01T00:00Z", 0), ("2024-02-29T00:00Z", 1_709_164_800_000),
            ("0001-01-01T00:00Z", -62_135_596_800_000), ("9999-12-31T23:59:59.999Z", 253_402_300_799_999),
            // Offsets, fractions, a leap second and Unix times.
            ("2025-11-23T12:00+01:00", now - 3_600_000), ("2025-11-23T12:00-0530", now + 19_800_000),
            ("2025-11-23T12:00:00.5Z", now + 500), ("2025-11-23T12:00:00.123456Z", now + 123),
            ("2025-11-23T11:59:60Z", now), ("2025-11-23Z", now - 43_200_000), ("1763899200", now),
            ("1763899200000", now),
            ("", nil), ("s", nil), (".s", nil), ("-1h", nil), ("1e3h", nil), ("0x1h", nil), ("nand", nil),
            ("1.2.3h", nil),
            ("2h ", nil), ("2 h", nil), ("2", nil), ("2y", nil), ("١h", nil),
            ("2025-11", nil), ("2025-13-01", nil), ("2025-00-01", nil), ("2025-02-29", nil), ("2025-04-31", nil),
            ("2025-11-23T", nil), ("2025-11-23T12", nil), ("2025-11-23T24:00", nil), ("2025-11-23T12:60", nil),
            ("2025-11-23T12:00:61", nil), ("2025-11-23T12:00+1", nil), ("2025-11-23T12:00+24:00", nil),
            ("0000-01-01T00:00Z", nil), ("10000-01-01T00:00Z", nil), ("2025-11-23T12:00:00Z ", nil),
            ("25-11-23", nil), ("2025-1-2", nil), ("yesterday", nil), ("2025-11-23X", nil),
        ] as [(String, Int64?)])
    func `A time has a date, and an age a number and a unit`(text: String, time: Int64?) {
        #expect(StartTime.milliseconds(in: text, now: Self.now) == time)
    }

    @Test func `Only experiments that started at the time or later are ranked`() throws {
        let fixture = try Fixture(partitions: 2)
        let battery = fixture.battery("net")
        for (index, id) in ["a-1", "b-1", "c-1", "d-1"].enumerated() {
            fixture.experiment(
                id, of: battery, maxima: ["valid": "\(4 - index)"], started: Fixture.noon + Int64(index) * 3_600_000)
        }
        fixture.write("HDEL", fixture.keyspace(of: "d-1").experiment(ExperimentID("d-1")!), "started")
        try fixture.commit()
        #expect(
            try fixture.output(["rank", "net", "--since", "2025-11-23T13:00"]) == """
                net, version 1: best first by valid (highest, the objective), 4 of 4 ranked, 2 with a start since \
                2025-11-23 13:00:00 shown

                #  experiment  valid  epoch  status
                1  b-1             3      7  done
                2  c-1             2      7  done

                """)
        // The times of a day are those of the time zone.
        let lines = try fixture.query(
            "rank", "net", "--since", "2025-11-23 08:00:01", "--format", "csv", environment: ["TZ": "EST5"]
        ).stdout.split(whereSeparator: \.isNewline).dropFirst().map { $0.prefix(5) }
        #expect(lines == ["1,c-1"])
        #expect(try fixture.output(["rank", "net", "--since", "1h"]).contains(", 0 with a start since "))
        let outcome = try fixture.query("rank", "net", "--since", "yesterday")
        #expect(outcome.ending == .exited(64))
        #expect(
            outcome.stderr.hasPrefix(
                "hypero-query: --since must be a time such as 2026-11-24 or 2026-11-24T09:30, or an age such as 90s, 30m, 2h or "
                    + "1d, not 'yesterday'\n"))
    }
}
