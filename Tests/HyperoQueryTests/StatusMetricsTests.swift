import Foundation
import HyperoSchema
import TestSupport
import Testing

@testable import HyperoQuery

/// The status as metrics of Prometheus.
@Suite struct StatusMetricsTests {
    private func fixture(partitions: Int = 1) throws -> Fixture {
        let fixture = try Fixture(partitions: partitions)
        fixture.battery("net")
        for keys in fixture.keyspaces {
            for id in ["1000-0", "2000-0", "3000-0"] { fixture.write("XADD", keys.events, id, "event", "x") }
            fixture.write(
                "HSET", keys.ingest, "cursor", "1000-0", "entries", "1000-0 1", "applied", "7", "duplicates", "2",
                "gaps",
                "3", "missed", "4", "rewinds", "5", "rewound", "1000", "takeovers", "6", "taken", "2000",
                "updated", "1763899200123")
            fixture.write("SET", keys.lease, "node17:99")
        }
        try fixture.commit()
        return fixture
    }

    @Test(arguments: [1, 3])
    func `The metrics are in the format of Prometheus, and have the values of the status`(partitions: Int) throws {
        let fixture = try fixture(partitions: partitions)
        let status = try Store(fixture.server.url, namespace: fixture.namespace).status(now: 4_500)
        let text = status.metrics(now: 4_500)
        #expect(try MetricsLint.problems(in: text) == [])
        let lines = text.split(separator: "\n").map(String.init)
        for keys in fixture.keyspaces {
            for (name, value) in [
                ("owned", "1"), ("at_rest", "0"), ("behind_entries", "2"), ("waiting_seconds", "2.500"),
                ("stream_entries", "3"), ("applied_total", "7"), ("duplicates_total", "2"), ("gaps", "3"),
                ("missed_total", "4"), ("rewinds_total", "5"), ("takeovers_total", "6"), ("dead_letters", "0"),
                ("rewound_timestamp_seconds", "1"), ("taken_over_timestamp_seconds", "2"),
                ("last_applied_timestamp_seconds", "1763899200.123"), ("batteries", "1"), ("commands", "0"),
                ("commands_waiting_seconds", "0"),
            ] {
                #expect(lines.contains("hypero_\(name){partition=\"\(keys.tag)\"} \(value)"), "\(name)")
            }
        }
        #expect(
            lines.contains("hypero_warnings{namespace=\"\(fixture.namespace)\"} \(status.warnings.count)")
                && !status.warnings.isEmpty)
        #expect(
            lines.contains(
                "hypero_redis_append_only{server=\"\(fixture.server.url)\",namespace=\"\(fixture.namespace)\"} 1"))
        // No limit of the memory: a quotient by 0 would be an alarm.
        #expect(!text.contains("hypero_redis_max_memory_bytes"))
    }

    @Test(arguments: [
        ("5-0 12 7 0 0", "7 9 1000", 3), ("5-0 12 8 7 9", "7 9 1000", 12), ("5-0 12 7 0 0", "7 12 1000", 0),
        ("5-0 12 7 0 0", "", nil), ("", "7 9 1000", nil),
    ])
    func `Entries that are not archived are a metric, and a warning after a minute`(
        read: String, archived: String, count: Int?
    ) throws {
        let fixture = try fixture()
        fixture.write("HSET", fixture.keyspaces[0].ingest, IngestField.read, read, IngestField.archived, archived)
        try fixture.commit()
        let store = try Store(fixture.server.url, namespace: fixture.namespace)
        let lines = try store.status(now: 4_500).metrics(now: 4_500).split(separator: "\n")
        let sample = "hypero_unarchived_entries{partition=\"\(fixture.keyspaces[0].tag)\"} "
        #expect(
            lines.first { $0.hasPrefix(sample) }.map { String($0.dropFirst(sample.count)) } == count.map { "\($0)" })
        for (now, isWarned) in [(4_500, false), (4_500_000, count ?? 0 > 0)] as [(Int64, Bool)] {
            let warnings = try store.status(now: now).warnings
            #expect(warnings.contains { $0.contains("applied and not archived") } == isWarned)
        }
    }

    @Test(arguments: [
        (0, "0"), (1, "0.001"), (1_000, "1"), (-1, "-0.001"), (-1_500, "-1.500"), (Int64.max, "9223372036854775.807"),
        (Int64.min, "-9223372036854775.808"),
    ])
    func `Milliseconds are written as seconds with all digits`(milliseconds: Int64, seconds: String) {
        var metrics = MetricsText()
        metrics.add("a_seconds", .gauge, help: "A time.", samples: [.init(milliseconds: milliseconds)])
        #expect(metrics.text == "# HELP a_seconds A time.\n# TYPE a_seconds gauge\na_seconds \(seconds)\n")
    }

    @Test(arguments: [
        ("\"} 1\nforged 2\\", #"\"} 1\nforged 2\\"#), ("é日本", "é日本"), ("", ""),
        ("e\u{301}\"\u{301}", "e\u{301}\\\"\u{301}"),
    ])
    func `The values of labels and helps are escaped`(text: String, escaped: String) throws {
        var metrics = MetricsText()
        metrics.add("a", .gauge, help: "Line\nand \\.", samples: [.init(1, ("b", text), ("c", "x"))])
        #expect(metrics.text == "# HELP a Line\\nand \\\\.\n# TYPE a gauge\na{b=\"\(escaped)\",c=\"x\"} 1\n")
        #expect(try MetricsLint.problems(in: metrics.text) == [])
    }

    @Test func `A metric without a known value is left out`() throws {
        let fixture = try Fixture(on: RedisServer(), namespace: "lab")
        fixture.server.cli("ACL", "SETUSER", "look", "on", ">secret", "~{lab*", "+exists", "+get", "+zcard")
        let url = fixture.server.url.replacing("unix://", with: "unix://look:secret@")
        let text = try Store(url, namespace: "lab").status().metrics()
        #expect(try MetricsLint.problems(in: text) == [])
        #expect(text.contains("hypero_owned{partition=\"{lab}\"} 0\n"))
        for name in ["behind", "applied", "redis_memory", "redis_replica", "waiting"] {
            #expect(!text.contains("hypero_\(name)"), "\(name)")
        }
    }

    @Test func `A file of metrics appears as a whole, and stays as it is when Redis is not reachable`() throws {
        let fixture = try fixture()
        let folder = try TemporaryFolder()
        let path = folder.file("hypero.prom")
        func status(_ url: String) throws -> ChildProcess.Outcome {
            try ChildProcess.run(
                "hypero-query",
                [
                    "status", "--format", "prometheus", "--output", path, "--redis", url, "--namespace",
                    fixture.namespace,
                ])
        }
        let written = try status(fixture.server.url)
        #expect(written.succeeded && written.stdout.isEmpty && written.stderr.isEmpty, "\(written)")
        let text = try String(contentsOfFile: path, encoding: .utf8)
        #expect(try MetricsLint.problems(in: text) == [])
        #expect(text.contains("hypero_applied_total{partition=\"\(fixture.keyspaces[0].tag)\"} 7\n"))
        #expect(try status("unix:///nowhere").ending == .exited(4))
        #expect(try String(contentsOfFile: path, encoding: .utf8) == text)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["hypero.prom"])
    }
}
