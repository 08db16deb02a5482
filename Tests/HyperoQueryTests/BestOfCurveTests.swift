import HyperoSchema
import TestSupport
import Testing

@testable import HyperoQuery

/// The value of a channel at the best epoch and the best value of its curve are two rankings, and the user says which.
@Suite struct BestOfCurveTests {
    /// Three experiments that logged `test` at other epochs than the best one, and possibly one that has it there.
    private func fixture(withOneAtBestEpoch: Bool, partitions: Int = 1) throws -> Fixture {
        let fixture = try Fixture(partitions: partitions)
        let battery = fixture.battery("sweep")
        for number in 1...3 {
            fixture.experiment(
                "e\(number)-1", of: battery, maxima: ["valid": "0.9"], epoch: 2,
                curve: [2: "valid=0.9", 3: "valid=0.8 test=0.8\(number)", 4: "test=0.1"])
        }
        if withOneAtBestEpoch {
            fixture.experiment(
                "e4-1", of: battery, maxima: ["valid": "0.7", "test": "0.3"], epoch: 1, curve: [1: "valid=0.7 test=0.3"]
            )
        }
        try fixture.commit()
        return fixture
    }

    @Test
    func `A ranking by the best epochs says that experiments have the channel at other epochs, and how to rank them`()
        throws
    {
        let fixture = try fixture(withOneAtBestEpoch: true)
        let outcome = try fixture.query("rank", "sweep", "--by", "test", "--format", "csv")
        #expect(
            outcome.stderr == """
                hypero-query: note: 3 of 4 experiments have no finite 'test' at their best epoch and no rank. List with hypero-query \
                experiments sweep --unranked --by test. Rank by the learning curves with --best-of test

                """)
        #expect(outcome.stdout.split(separator: "\r\n").count == 2)
        #expect(
            try fixture.output(["experiments", "sweep", "--unranked", "--by", "test"]).hasPrefix(
                "sweep, version 1: newest first, 3 of 4 experiments with no finite 'test' at the best epoch\n"))
        // Without the curves of the channel, they are no way out.
        fixture.write(
            "ZREM", fixture.keyspaces[0].columns(of: BatteryID(name: "sweep", version: 1, description: "")),
            "curve.test")
        try fixture.commit()
        #expect(try !fixture.query("rank", "sweep", "--by", "test", "--format", "csv").stderr.contains("--best-of"))
    }

    @Test(arguments: [1, 3])
    func `A ranking by the curves is the same whether or not an experiment has the channel at its best epoch`(
        partitions: Int
    ) throws {
        for withOneAtBestEpoch in [false, true] {
            let fixture = try fixture(withOneAtBestEpoch: withOneAtBestEpoch, partitions: partitions)
            let store = try fixture.store()
            let board = try store.leaderboard(of: "sweep", by: "test", value: .bestOfCurve)
            #expect(board.rows.map(\.experiment) == ["e3-1", "e2-1", "e1-1"] + (withOneAtBestEpoch ? ["e4-1"] : []))
            #expect(board.rows.map(\.bestEpoch).prefix(3) == [3, 3, 3])
            #expect(board.curveScan?.experimentCount == board.rows.count)
            let outcome = try fixture.query("rank", "sweep", "--best-of", "test", "--format", "csv")
            #expect(
                outcome.stderr.hasPrefix(
                    "hypero-query: note: the best value of each learning curve counts, and not the one at the best epoch. "
                        + "This read \(board.rows.count) curves, "), "\(outcome.stderr)")
            #expect(outcome.stdout.split(separator: "\r\n")[1].hasPrefix("1,e3-1,"))
        }
    }

    @Test func `The values at the best epoch have that epoch beside them, if it is another one than that of the value`()
        throws
    {
        let fixture = try fixture(withOneAtBestEpoch: true)
        let text = try fixture.output(["rank", "sweep", "--best-of", "test", "--at-best", "valid", "--limit", "2"])
        #expect(
            text.contains(
                """
                #  experiment  test  epoch  best epoch  status  valid
                1  e3-1        0.83      3           2  done      0.9
                2  e2-1        0.82      3           2  done      0.9

                """), "\(text)")
        // Without such columns, and by the best epoch, there is one epoch.
        for options in [["--best-of", "test", "--columns", "status"], ["--by", "test"]] {
            #expect(try !fixture.output(["rank", "sweep"] + options).contains("best epoch  "))
        }
    }

    @Test func `The objective is ranked by its curves too, and a channel that no curve has ranks nothing`() throws {
        let fixture = try fixture(withOneAtBestEpoch: true)
        fixture.experiment(
            "e5-1", of: BatteryID(name: "sweep", version: 1, description: ""), maxima: ["valid": "0.95", "size": "5"],
            more: ["max.source": "user"])
        try fixture.commit()
        let store = try fixture.store()
        #expect(
            try store.leaderboard(of: "sweep", by: "valid", value: .bestOfCurve).rows.map(\.experiment)
                == ["e3-1", "e2-1", "e1-1", "e4-1"])
        let outcome = try fixture.query("rank", "sweep", "--best-of", "size")
        #expect(
            outcome.stdout.contains(
                "\nno learning curve has a finite value of 'size'. List the experiments with hypero-query experiments sweep\n"
            ))
        #expect(try fixture.query("rank", "sweep", "--best-of", "tset").ending == .exited(3))
        let both = try fixture.query("rank", "sweep", "--by", "test", "--best-of", "test")
        #expect(both.ending == .exited(64) && both.stderr.contains("--by and --best-of must not be combined"))
    }
}
