import HyperoSchema
import TestSupport
import Testing

@testable import HyperoQuery

/// Results of experiments that failed, were stopped or were lost are marked, and can be left out.
@Suite struct StatusFilterTests {
    private func fixture(partitions: Int = 1) throws -> Fixture {
        let fixture = try Fixture(partitions: partitions)
        let battery = fixture.battery("sweep")
        let old = "\(Fixture.noon - 86_400_000)"
        for (id, value, status, updated) in [
            ("a-1", "0.9", "failed", old), ("b-1", "0.8", "running", old), ("c-1", "0.7", "done", old),
            ("d-1", "0.6", "running", Fixture.future), ("e-1", "0.5", "stopped", old),
        ] {
            fixture.experiment(
                id, of: battery, maxima: ["valid": "\(value)"], params: ["lr": "0.1"], status: status,
                more: ["updated": "\(updated)"])
        }
        try fixture.commit()
        return fixture
    }

    @Test(
        arguments: [
            ([.done], ["c-1"]), ([.done, .running], ["c-1", "d-1"]), ([.lost], ["b-1"]),
            ([], ["a-1", "b-1", "c-1", "d-1", "e-1"]),
            ([.failed, .stopped, .lost], ["a-1", "b-1", "e-1"]),
        ] as [(Set<ExperimentStatus>, [String])], [1, 3])
    func `A ranking has only experiments of the requested statuses`(
        expected: (statuses: Set<ExperimentStatus>, ids: [String]), partitions: Int
    ) throws {
        let fixture = try fixture(partitions: partitions)
        let board = try fixture.store().leaderboard(of: "sweep", statuses: expected.statuses)
        #expect(board.rows.map(\.experiment) == expected.ids)
        #expect(board.rows.map(\.rank) == Array(1...expected.ids.count))
        #expect(board.count == 5 && board.examinedCount == 5 && board.notes.isEmpty)
    }

    @Test func `The options for statuses are repeatable, and the first line says what they select`() throws {
        let fixture = try fixture()
        #expect(
            try fixture.output(["rank", "sweep", "--status", "done", "--status", "failed", "--columns", "epoch"]) == """
                sweep, version 1: best first by valid (highest, the objective), 5 of 5 ranked, 2 with status done or failed shown

                #  experiment  valid  status  epoch
                1  a-1           0.9  failed      7
                2  c-1           0.7  done        7

                """)
        #expect(
            try fixture.output(["experiments", "sweep", "--status", "done", "--status", "failed"]).hasPrefix(
                "sweep, version 1: newest first, 2 of 5 experiments with status done or failed\n"))
        let cut = try fixture.query("rank", "sweep", "--status", "failed", "--limit", "1", "--format", "csv")
        #expect(
            cut.stderr == "hypero-query: note: 4 further ranked experiments were not searched for status failed. "
                + "Use --limit 5 for all\n")
        let unknown = try fixture.query("rank", "sweep", "--status", "gone")
        #expect(unknown.ending == .exited(64))
        #expect(unknown.stderr.contains("--status must be one of running, done, failed, stopped, lost, not 'gone'"))
    }

    @Test func `The status is shown beside requested columns only if an experiment failed, was stopped or was lost`()
        throws
    {
        let store = try fixture().store()
        func titles(_ statuses: Set<ExperimentStatus>, columns: [String]) throws -> [Substring] {
            let text = try store.leaderboard(of: "sweep", statuses: statuses, columns: columns)
                .text(as: .table, for: Display(), now: Fixture.noon)
            return text.split(separator: "\n").first { $0.hasPrefix("#") }?.split(separator: " ") ?? []
        }
        #expect(try titles([], columns: ["lr"]) == ["#", "experiment", "valid", "status", "lr"])
        #expect(try titles([.lost], columns: ["lr"]) == ["#", "experiment", "valid", "status", "lr"])
        #expect(try titles([.done, .running], columns: ["lr"]) == ["#", "experiment", "valid", "lr"])
        #expect(try titles([], columns: ["lr", "status"]) == ["#", "experiment", "valid", "lr", "status"])
    }

    @Test func `The search for statuses continues to the end of the ranking`() throws {
        let fixture = try Fixture()
        let battery = fixture.battery("many")
        let count = 10_050
        for number in 1..<count {
            fixture.write("ZADD", fixture.keyspaces[0].rank(of: battery, by: "valid"), "\(number)", "a-\(number)")
        }
        fixture.experiment("z-1", of: battery, maxima: ["valid": "0"])
        try fixture.commit()
        let board = try fixture.store().leaderboard(of: "many", statuses: [.done])
        #expect(board.rows.map(\.experiment) == ["z-1"] && board.count == count && board.examinedCount == count)
        #expect(board.warnings.isEmpty && board.notes.isEmpty)
    }

    @Test func `The list of batteries has the status of the best experiment`() throws {
        let fixture = try fixture()
        #expect(try fixture.output(["batteries"]).contains("  0.9 (failed)  valid (max)  "))
        #expect(
            try fixture.output(["batteries", "--format", "json"]).hasSuffix(
                #""experiments":5,"best":0.9,"best_experiment":"a-1","best_status":"failed"}"# + "\n"))
        fixture.write(
            "ZREM", fixture.keyspaces[0].rank(of: BatteryID(name: "sweep", version: 1, description: ""), by: "valid"),
            "a-1")
        try fixture.commit()
        #expect(try fixture.output(["batteries"]).contains("  0.8 (lost)  valid (max)  "))
        fixture.write(
            "ZREM", fixture.keyspaces[0].rank(of: BatteryID(name: "sweep", version: 1, description: ""), by: "valid"),
            "b-1")
        try fixture.commit()
        #expect(try fixture.output(["batteries"]).contains("   0.7  valid (max)  "))
    }
}
