import HyperoSchema
import TestSupport
import Testing

@testable import HyperoQuery

/// Experiments without a rank are counted, listed, and ranked by another channel.
@Suite struct UnrankedTests {
    /// Three ranked experiments, one that diverged and one that failed before its first epoch.
    private func fixture(partitions: Int = 1) throws -> Fixture {
        let fixture = try Fixture(partitions: partitions)
        let battery = fixture.battery("sweep")
        for number in 1...3 {
            fixture.experiment(
                "ok\(number)-1", of: battery, maxima: ["valid": "0.1\(number)"], params: ["lr": "\(number)"],
                curve: [7: "valid=0.1\(number)"], started: Fixture.noon + Int64(number))
        }
        fixture.experiment(
            "diverged-1", of: battery, more: ["epochs": "1", "nonfinite": "1"], curve: [1: "valid=nan"],
            started: Fixture.noon + 10)
        fixture.experiment(
            "crashed-1", of: battery, status: "failed", more: ["reason": "oom", "host": "node3"],
            started: Fixture.noon + 4)
        try fixture.commit()
        return fixture
    }

    @Test func `A ranking counts the experiments that it leaves out, and says how to list them`() throws {
        let fixture = try fixture()
        let table = try fixture.output(["rank", "sweep", "--limit", "2"])
        #expect(
            table.hasPrefix("sweep, version 1: best first by valid (highest, the objective), 3 of 5 ranked\n"))
        let note =
            "2 of 5 experiments have no finite 'valid' and no rank. List with hypero-query experiments sweep --unranked"
        #expect(table.hasSuffix("\n3 ranked experiments (2 shown), 6 columns\n\n\(note)\n"))
        for format in ["json", "csv"] {
            let outcome = try fixture.query("rank", "sweep", "--format", format)
            #expect(outcome.stderr == "hypero-query: note: \(note)\n")
            #expect(!outcome.stdout.contains("crashed"))
        }
        #expect(
            try fixture.output(["rank", "sweep", "--by", "valid", "--version", "1"]).contains(
                "List with hypero-query experiments sweep --version 1 --unranked\n"))
    }

    @Test(arguments: [1, 3])
    func `The experiments of a battery are listed newest first in all formats`(partitions: Int) throws {
        let fixture = try fixture(partitions: partitions)
        #expect(
            try fixture.store().experiments(of: "sweep").text(
                as: .table, for: Display(), now: Fixture.noon + 3_600_010) == """
                    sweep, version 1: newest first, 5 of 5 experiments

                    experiment  status  valid  epoch  epochs  started  reason  host
                    diverged-1  done        -      -       1  1 h ago  -       -
                    crashed-1   failed      -      -       -  1 h ago  oom     node3
                    ok3-1       done     0.13      7       -  1 h ago  -       -
                    ok2-1       done     0.12      7       -  1 h ago  -       -
                    ok1-1       done     0.11      7       -  1 h ago  -       -

                    """)
        #expect(
            try fixture.output(["experiments", "sweep", "--format", "json", "--limit", "3"]) == """
                {"experiment":"diverged-1","battery":"sweep.v1.d0d6b35a","name":"sweep","version":1,"status":"done",\
                "reason":null,"host":null,"started":1763899200010,"last_seen":1763899954000,"epochs":1,"objective":"valid","value":null,\
                "epoch":null,"maxima":{},"params":{},"meta":{}}
                {"experiment":"crashed-1","battery":"sweep.v1.d0d6b35a","name":"sweep","version":1,"status":"failed",\
                "reason":"oom","host":"node3","started":1763899200004,"last_seen":1763899954000,"epochs":null,\
                "objective":"valid","value":null,"epoch":null,"maxima":{},"params":{},"meta":{}}
                {"experiment":"ok3-1","battery":"sweep.v1.d0d6b35a","name":"sweep","version":1,"status":"done",\
                "reason":null,"host":null,"started":1763899200003,"last_seen":1763899954000,"epochs":null,\
                "objective":"valid","value":0.13,"epoch":7,"maxima":{"valid":0.13},"params":{"lr":3},"meta":{}}

                """)
        #expect(
            try fixture.output(["experiments", "sweep", "--format", "csv", "--limit", "2", "--columns", "lr,host"])
                == [
                    "experiment,battery,name,version,status,reason,host,started,last_seen,epochs,objective,value,epoch,param.lr",
                    "diverged-1,sweep.v1.d0d6b35a,sweep,1,done,,,1763899200010,1763899954000,1,valid,,,",
                    "crashed-1,sweep.v1.d0d6b35a,sweep,1,failed,oom,node3,1763899200004,1763899954000,,valid,,,", "",
                ].joined(separator: "\r\n"))
    }

    @Test(arguments: [
        (["--unranked"], "newest first, 2 of 5 experiments with no finite 'valid'\n", ["diverged-1", "crashed-1"]),
        (["--unranked", "--by", "valid"], "2 of 5 experiments with no finite 'valid'\n", ["diverged-1", "crashed-1"]),
        (["--status", "failed"], "newest first, 1 of 5 experiments with status failed\n", ["crashed-1"]),
        (
            ["--status", "done", "--unranked"], "1 of 5 experiments with status done and no finite 'valid'\n",
            ["diverged-1"]
        ),
        (["--status", "lost"], "0 of 5 experiments with status lost\n", []),
        (
            ["--status", "done", "--limit", "1"],
            "the newest 1 with status done\n\nexperiment  status  valid  epoch  epochs", ["diverged-1"]
        ),
        (
            ["--status", "done", "--limit", "2"],
            "\n2 older experiments were not searched, because the limit was reached. Search more with --limit\n",
            ["diverged-1", "ok3-1"]
        ),
    ])
    func `A list of experiments is filtered by status and by the lack of a rank`(
        options: [String], summary: String, ids: [String]
    ) throws {
        let fixture = try fixture()
        #expect(try fixture.output(["experiments", "sweep"] + options).contains(summary))
        let rows = try fixture.output(["experiments", "sweep", "--format", "csv"] + options)
            .split(whereSeparator: \.isNewline)
        #expect(rows.dropFirst().map { String($0.prefix { $0 != "," }) } == ids)
    }

    @Test func `A list without a rank by a channel is what the ranking by it leaves out`() throws {
        let fixture = try Fixture()
        let battery = fixture.battery("mute")
        fixture.experiment("a-1", of: battery, curve: [1: "acc=0.5 bad=nan"])
        fixture.experiment("b-1", of: battery, curve: [1: "acc=nan"])
        fixture.experiment("c-1", of: battery, curve: [1: "other=1"])
        try fixture.commit()
        let store = try fixture.store()
        for (channel, ranked) in [("acc", ["a-1"]), ("other", ["c-1"]), ("bad", [])] {
            let unranked = try store.experiments(of: "mute", filter: ExperimentFilter(isUnranked: true, by: channel))
            #expect(try store.leaderboard(of: "mute", by: channel).rows.map(\.experiment) == ranked)
            #expect(Set(unranked.rows.map(\.experiment)) == Set(["a-1", "b-1", "c-1"]).subtracting(ranked))
        }
        // The objective need not be logged yet.
        #expect(
            try store.experiments(of: "mute", filter: ExperimentFilter(isUnranked: true, by: "valid")).rows.count == 3)
        let unknown = try fixture.query("experiments", "mute", "--unranked", "--by", "acd")
        #expect(unknown.ending == .exited(3))
        #expect(unknown.stderr == "hypero-query: channel not found: 'acd'. Did you mean 'acc' or 'bad'?\n")
    }

    @Test(arguments: [1, 3])
    func `A filter finds the oldest of many experiments, and the list is in order across pages and partitions`(
        partitions: Int
    ) throws {
        let fixture = try Fixture(partitions: partitions)
        let battery = fixture.battery("many")
        let count = 2_500
        for number in 1...count {
            fixture.experiment(
                "p\(number % 7)-\(number)", of: battery, status: number <= 2 ? "failed" : "done",
                started: Fixture.noon + Int64(number))
        }
        try fixture.commit()
        let store = try fixture.store()
        let failed = try store.experiments(of: "many", filter: ExperimentFilter(statuses: [.failed]))
        #expect(failed.rows.map(\.experiment) == ["p2-2", "p1-1"])
        #expect(failed.count == count && failed.examinedCount == count)
        let all = try store.experiments(of: "many", filter: ExperimentFilter(isUnranked: true), limit: count)
        #expect(all.rows.map(\.started) == (1...count).reversed().map { Fixture.noon + Int64($0) })
    }

    @Test func `An experiment that starts between two pages of a list repeats none`() throws {
        let fixture = try Fixture()
        let battery = fixture.battery("busy")
        for number in 1...5 {
            fixture.experiment("a-\(number)", of: battery, started: Fixture.noon + Int64(number))
        }
        try fixture.commit()
        let store = try fixture.store()
        var warnings: [String] = []
        let stored = try store.storedBatteries(of: "busy", version: nil, warnings: &warnings)[0]
        var walk = MemberWalk(.newestFirst, over: [stored], firstPage: 2)
        var ids: [String] = []
        for number in 6...9 where walk.hasMore {
            var pipeline = CommandPipeline()
            walk.appendPages(ahead: 1, to: &pipeline)
            try store.connections.run(pipeline)
            try walk.readPages(warnings: &warnings)
            ids += walk.removeNext(10).map(\.experiment)
            fixture.experiment("a-\(number)", of: battery, started: Fixture.noon + Int64(number))
            try fixture.commit()
        }
        #expect(ids == ["a-5", "a-4", "a-3", "a-2", "a-1"] && warnings == [])
    }

    @Test func `An experiment that has a channel only at other epochs is not said to lack it`() throws {
        let fixture = try Fixture()
        let battery = fixture.battery("net")
        fixture.experiment("a-1", of: battery, maxima: ["valid": "1", "loss": "2"], curve: [7: "valid=1 loss=2"])
        fixture.experiment("b-1", of: battery, maxima: ["valid": "1"], curve: [7: "valid=1", 8: "valid=0 loss=1"])
        try fixture.commit()
        #expect(
            try fixture.output(["rank", "net", "--by", "loss"]).hasSuffix(
                "\n1 of 2 experiments has no finite 'loss' at its best epoch and no rank. List with hypero-query experiments net "
                    + "--unranked --by loss. Rank by the learning curves with --best-of loss\n"))
    }

    @Test func `A battery whose objective was never logged says what is logged instead`() throws {
        let fixture = try Fixture()
        let battery = fixture.battery("mute")
        fixture.experiment("a-1", of: battery, curve: [1: "accuracy=0.5 loss=1", 2: "accuracy=0.7 loss=0.5"])
        try fixture.commit()
        #expect(
            try fixture.output(["rank", "mute"]) == """
                mute, version 1: best first by valid (highest, the objective), 0 of 1 ranked

                no experiment has logged 'valid', the objective. Logged instead: accuracy, loss. Rank by it with --by \
                accuracy, or declare it as the objective of a new version

                """)
        // The columns of the first format do not have the channels of curves.
        fixture.write("DEL", fixture.keyspaces[0].columns(of: battery))
        try fixture.commit()
        #expect(try fixture.store().leaderboard(of: "mute").loggedChannels == ["accuracy", "loss"])
    }

    @Test func `A channel without an index is ranked by the learning curves, and the cost is told`() throws {
        let fixture = try Fixture(partitions: 2)
        let battery = fixture.battery("mute")
        fixture.experiment("a-1", of: battery, curve: [1: "acc=0.5", 2: "acc=0.7", 3: "acc=0.7", 4: "acc=inf"])
        fixture.experiment("b-1", of: battery, curve: [5: "acc=0.9 other=1", 6: "acc=0.1"])
        fixture.experiment("c-1", of: battery, curve: [1: "acc=nan"])
        fixture.experiment("d-1", of: battery)
        try fixture.commit()
        let store = try fixture.store()
        let board = try store.leaderboard(of: "mute", by: "acc")
        #expect(board.rows.map(\.experiment) == ["b-1", "a-1"])
        #expect(board.rows.map(\.value) == [0.9, 0.7])
        #expect(board.rows.map(\.bestEpoch) == [5, 2])
        #expect(board.count == 2 && board.experimentCount == 4)
        #expect(try store.leaderboard(of: "mute", by: "acc", order: .ascending).rows.map(\.value) == [0.1, 0.5])
        let outcome = try fixture.query("rank", "mute", "--by", "acc", "--format", "json")
        #expect(
            outcome.stderr == """
                hypero-query: note: no experiment has 'acc' at its best epoch, so the best value of each learning curve \
                counts. This read 4 curves, 64 bytes. To rank so in any case, use --best-of acc
                hypero-query: note: 2 of 4 experiments have no finite 'acc' and no rank. List with hypero-query experiments mute \
                --unranked --by acc

                """)
        #expect(throws: QueryError.self) { try store.leaderboard(of: "mute", by: "ac") }
        #expect(try fixture.query("rank", "mute", "--by", "ac").ending == .exited(3))
    }

    @Test func `A channel to rank by instead is one that has a finite value`() throws {
        let fixture = try Fixture()
        let battery = fixture.battery("mute")
        fixture.experiment("a-1", of: battery, curve: [1: "acc=nan loss=inf valid=nan"])
        try fixture.commit()
        for options in [[], ["--by", "acc"], ["--by", "loss"]] {
            let text = try fixture.output(["rank", "mute"] + options)
            #expect(text.hasSuffix(". List the experiments with hypero-query experiments mute\n"), "\(text)")
        }
        fixture.experiment("a-2", of: battery, curve: [1: "loss=0.5"])
        try fixture.commit()
        #expect(try fixture.output(["rank", "mute"]).contains(". Rank by it with --by loss, or declare it"))
        #expect(try fixture.output(["rank", "mute", "--by", "loss"]).contains("1 of 2 ranked"))
        // A value that only the maxima have counts too.
        fixture.experiment("b-1", of: battery, maxima: ["acc": "0.7"], started: Fixture.noon - 1)
        try fixture.commit()
        #expect(try fixture.output(["rank", "mute"]).contains(". Rank by it with --by acc, or declare it"))
    }
}
