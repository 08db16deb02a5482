import HyperoSchema
import TestSupport
import Testing

@testable import HyperoQuery

@Suite struct SearchCommandTests {
    /// The present by the clock of the server that the fixtures share.
    private func serverTime(_ fixture: Fixture) -> Int64 {
        let words = fixture.server.cli("TIME").split(whereSeparator: \.isNewline)
        return (words.first.flatMap { Int64($0) } ?? 0) * 1_000
    }

    /// Writes a search with 7 ended trials, open ones in all states, and rungs.
    private func fixture(partitions: Int = 1, direction: Direction = .min) throws -> (Fixture, SearchID) {
        let fixture = try Fixture(partitions: partitions)
        let battery = fixture.battery("net", objective: "loss", direction: direction)
        let now = serverTime(fixture)
        let id = fixture.search(
            "s3f09c1aa", of: battery, trials: 20,
            more: [
                "next": "14", "free": "8", "ended": "7", "stopped": "3", "refused": "2", "granted": "1",
                "point.1": "{\"lr\":0.1}", "point.2": "{\"lr\":0.2}", "stopping": "halving", "stopping.epochs": "81",
                "stopping.first": "3", "stopping.factor": "3", "conflict": "lease 5000",
                "open.9": "1 w-1:3 \(now) - w-1", "open.10": "1 w-2:3 \(now) 1 -", "open.11": "2 w-1:4 0 - w-1",
                // Silent for the lease, and only for the lease without the eighth of it that need not be recorded.
                "open.12": "1 w-3:1 \(now - 675_000) - w-3", "open.13": "1 w-4:1 \(now - 610_000) - w-4",
            ])
        let entries: [(Int, String, String?, Int, Int)] = [
            (1, "done", "0.5", 70, 81), (2, "stopped", "0.625", 2, 3), (3, "failed", "0.01", 1, 2),
            (4, "done", "0.25", 80, 81),
            (5, "stopped", "nan", 0, 4), (6, "stopped", "0.125", 9, 9), (7, "done", "0.75", 1, 81),
        ]
        for (number, status, value, epoch, last) in entries {
            fixture.trial(number, of: id, at: 2 * number, status: "running", more: ["param.lr", "0.\(number)"])
            fixture.trial(
                number, of: id, at: 2 * number + 1, status: status, value: value, epoch: epoch, last: last,
                more: ["param.lr", "0.\(number)", "param.opt", "\"sgd\""])
        }
        // An end that is sent again changes nothing.
        fixture.trial(7, of: id, at: 100, value: "0.0001", epoch: 1, last: 81)
        let keys = fixture.keyspace(of: id)
        for (number, score) in [(1, "0.75"), (2, "0.9"), (4, "0.5"), (5, "inf"), (6, "0.25"), (7, "0.875")] {
            fixture.write("ZADD", keys.rung(3, of: id), score, "s3f09c1aa-\(number)")
        }
        fixture.write("ZADD", keys.rung(9, of: id), "0.5", "s3f09c1aa-1")
        try fixture.commit()
        return (fixture, id)
    }

    @Test func `One search has its trials, rungs, best and the best so far`() throws {
        let (fixture, _) = try fixture()
        let outcome = try fixture.query("search", "net")
        #expect(
            outcome.stdout == """
                s3f09c1aa  search, a search of net, version 1

                seed      1
                sampler   tpe
                trials    20: 12 given out, 2 running, 1 not started, 2 lost
                ended     7: 3 done, 3 stopped, 1 failed
                refused   2 ends of processes that had lost their trial
                points    1 of 2 given out
                stopping  halving: one of 3 goes on at each rung, up to 81 epochs
                saved     227 epochs, 47 % of those that the ended trials would have run
                epochs    261 of ended trials

                best  loss 0.125 at epoch 9, trial 6, s3f09c1aa-6 (stopped)
                lr   0.6
                opt  sgd

                rung  trials  go on  loss
                   3       6      2   0.5
                   9       1      1   0.5
                  27       0      0     -

                best so far
                ended  epochs   loss  trial
                    1      81  0.5        1
                    4     167  0.25       4
                    6     180  0.125      6

                """)
        #expect(
            outcome.succeeded
                && outcome.stderr
                    == "hypero-query: search 's3f09c1aa' was declared again with 'lease 5000', which has no effect: the first declaration "
                    + "counts. Choose another name or seed for a search with other settings\n"
        )
        #expect(try fixture.query("search", "s3f09c1aa").stdout == outcome.stdout)
    }

    @Test func `A search of several partitions is found by its battery and by its id, also with a redirected clock`()
        throws
    {
        let (fixture, _) = try fixture(partitions: 4)
        let json = try fixture.query("search", "s3f09c1aa", "--format", "json").stdout
        #expect(json.contains("\"given_out\":12,\"running\":2,\"not_started\":1,\"lost\":2,\"ended\":7,"), "\(json)")
        #expect(
            json.contains(
                "\"best\":{\"trial\":6,\"experiment\":\"s3f09c1aa-6\",\"status\":\"stopped\",\"value\":0.125,\"epoch\":9,"
            ))
        #expect(json.contains("\"rungs\":[{\"epoch\":3,\"trials\":6,\"go_on\":2,\"value\":0.5},"))
        for arguments in [["net"], ["net", "--version", "1"], ["s3f09c1aa", "--partitions", "4"]] {
            #expect(try fixture.query("search", arguments + ["--format", "json"]).stdout == json)
        }
    }

    @Test func `The direction of the objective decides the best and the rungs`() throws {
        let (fixture, _) = try fixture(direction: .max)
        let search = try fixture.store().searches(of: "net").searches[0]
        #expect(search.best?.trial == 7 && search.best?.value == 0.75 && search.improvements.map(\.trial) == [1, 2, 7])
        #expect(search.rungs.map(\.value) == [0.9, 0.5, nil])
    }

    @Test func `A producer that has given a sign of life since keeps its trial`() throws {
        let (fixture, id) = try fixture()
        #expect(try fixture.store().searches(of: "net").searches[0].lostCount == 2)
        fixture.write(
            "HSET", fixture.keyspace(of: id).producer(ProducerID("w-3")!), "time", "\(serverTime(fixture))")
        try fixture.commit()
        let search = try fixture.store().searches(of: "net").searches[0]
        #expect(search.lostCount == 1 && search.runningCount == 3)
    }

    @Test func `Several searches are a table, and none is a note`() throws {
        let (fixture, _) = try fixture()
        let battery = BatteryID(name: "net", version: 1, description: "")
        fixture.search(
            "s00000002", of: battery, name: "wide", seed: 18_446_744_073_709_551_615, sampler: nil, trials: 5)
        fixture.battery("empty")
        try fixture.commit()
        #expect(
            try fixture.query("search", "net").stdout == """
                net: 2 searches

                id         name                    seed  sampler  trials  given out  running  ended   best
                s3f09c1aa  search                     1  tpe          20         12        2      7  0.125
                s00000002  wide    18446744073709551615  -             5          0        0      0      -

                """)
        #expect(
            try fixture.output(["search", "empty"]).contains("the battery has no searches: no program has declared one")
        )
        #expect(try fixture.output(["search", "empty", "--format", "json"]) == "")
        let csv = try fixture.query("search", "net", "--format", "csv").stdout.split(separator: "\r\n")
        #expect(csv.count == 3 && csv[0].split(separator: ",").count == csv[1].split(separator: ",").count)
        #expect(csv[1].hasSuffix(",halving,261,227,0.4651639344262295,0.125,9,6,s3f09c1aa-6"))
        #expect(csv[2].hasSuffix(",0,0,0,,0,,,,,,"))
    }

    @Test(arguments: [
        ("s3f09c1ab", 3, "search not found: 's3f09c1ab'. Did you mean 's3f09c1aa'?"),
        ("nets", 3, "battery not found: 'nets'. Did you mean 'net'?"),
    ])
    func `A name that does not exist is an error as in other commands`(name: String, status: Int32, message: String)
        throws
    {
        let (fixture, _) = try fixture()
        let outcome = try fixture.query("search", name)
        #expect(
            outcome.ending == .exited(status) && outcome.stderr.contains("hypero-query: \(message)\n"), "\(outcome)")
        #expect(try fixture.query("search", "net", "--version", "3").ending == .exited(3))
    }

    @Test func `A thousand trials are read in pages, and each counts once`() throws {
        let fixture = try Fixture()
        let id = fixture.search(
            "s0000000b", of: fixture.battery("net"), trials: 1_000, more: ["next": "1001", "ended": "1000"])
        for number in 1...1_000 {
            fixture.trial(number, of: id, at: 2 * number, status: "running")
            fixture.trial(number, of: id, at: 2 * number + 1, value: "\(number)", epoch: 1, last: 2)
        }
        try fixture.commit()
        let store = try fixture.store()
        let search = try store.searches(of: "s0000000b").searches[0]
        #expect(try fixture.store().searches(of: "s0000000b-17").searches.map(\.id) == [search.id])
        #expect(search.doneCount == 1_000 && search.epochs == 2_000 && search.improvements.count == 1_000)
        #expect(store.roundTrips <= 12)
        let table = try fixture.output(["search", "net"])
        #expect(table.contains("best so far: the latest 20, after 980 others\n"))
    }

    @Test func `A history that lacks ended trials says so`() throws {
        let fixture = try Fixture()
        let id = fixture.search("s0000000b", of: fixture.battery("net"), trials: 9, more: ["next": "10", "ended": "9"])
        for number in 5...9 { fixture.trial(number, of: id, at: number, value: "1", last: 1) }
        try fixture.commit()
        let remark =
            "the history has 5 of 9 ended trials: the numbers of done, stopped and failed ones, the epochs and the best are of these"
        #expect(try fixture.output(["search", "net"]).hasSuffix(remark + "\n"))
        #expect(try fixture.query("search", "net", "--format", "json").stderr == "hypero-query: note: \(remark)\n")
    }

    @Test func `Malformed data is left out with warnings`() throws {
        let fixture = try Fixture()
        let battery = fixture.battery("net")
        let id = fixture.search(
            "s0000000b", of: battery, trials: 9,
            more: [
                "next": "99999999999999999999", "free": "x 1-18446744073709551615", "lease": "soon", "open.x": "1",
                "open.3": "1 2 3",
                "open.4": "1 w:1 9223372036854775807 - w", "stopping": "halving", "stopping.epochs": "one",
                "point.1": "[", "ended": "-4",
            ])
        let keys = fixture.keyspace(of: id)
        fixture.write("XADD", keys.trials(of: id), "1-0", "trial", "0", "status", "done")
        fixture.write("XADD", keys.trials(of: id), "2-0", "trial", "1", "status", "lovely", "value", "1")
        fixture.write("XADD", keys.trials(of: id), "3-0", "trial", "1", "status", "done", "value", "one")
        fixture.write(
            "XADD", keys.trials(of: id), "4-0", "trial", "2", "status", "done", "value", "2", "last",
            "9223372036854775807",
            "epoch", "-1", "param.a\u{1B}", "b\nc")
        fixture.write(
            "ZADD", keys.searches(of: battery), "1", "s00000bad", "2", "nonsense", "3", "s0000000c", "4", "s0000000d")
        fixture.write("SET", keys.search(SearchID("s0000000c")!), "text")
        fixture.write("HSET", keys.search(SearchID("s0000000d")!), "name", "undeclared")
        try fixture.commit()
        let outcome = try fixture.query("search", "net")
        #expect(
            outcome.succeeded && outcome.stdout.contains("best  valid 2, trial 2, s0000000b-2\n"), "\(outcome.stdout)")
        #expect(outcome.stdout.contains("a\\x1b  b\\x0ac\n"))
        for text in [
            "'nonsense' in a list of searches is not the id of a search", "search 's00000bad' is listed, but its hash",
            "s0000000c holds a value of another type", "s0000000d: trials is missing",
            "open.x must be the state of a trial, not '1'", "open.3 must be the state of a trial, not '1 2 3'",
            "the stopping rule is malformed and left out",
            "3 values are malformed and left out, the first one in 1-0: trial must be a number from 1, not '0'",
        ] {
            let all = try fixture.store().searches(of: "net").warnings
            #expect(all.contains { $0.contains(text) }, "\(text) \(all)")
        }
        fixture.write("DEL", keys.trials(of: id), keys.battery(battery))
        fixture.write("SET", keys.trials(of: id), "text")
        try fixture.commit()
        let alone = try fixture.query("search", "s0000000b")
        #expect(alone.succeeded && alone.stdout.contains("best: none, the objective is not known"), "\(alone)")
        let missing = try fixture.query("search", "s0000000c")
        #expect(missing.ending == .exited(3) && missing.stderr.contains("search not found: 's0000000c'"), "\(missing)")
    }

    @Test func `A trial names its search, and another experiment with such an id does not`() throws {
        let fixture = try Fixture()
        let battery = fixture.battery("net")
        fixture.search("s0000000a", of: battery, trials: 3, sampled: 3)
        fixture.experiment("s0000000f-3", of: battery)
        try fixture.commit()
        #expect(try fixture.output(["show", "s0000000a-3"]).contains("  s0000000a, trial 3\n"))
        #expect(
            try fixture.output(["show", "s0000000a-3", "--format", "json"]).contains(
                "\"search\":\"s0000000a\",\"trial\":3,\"attempt\":1,"))
        #expect(
            try fixture.output(["show", "s0000000f-3", "--format", "json"]).contains("\"search\":null,\"trial\":null,"))
    }

    @Test func `The ids of searches complete a command line`() throws {
        let fixture = try Fixture()
        fixture.search("s0000000a", of: fixture.battery("sets"), trials: 3)
        try fixture.commit()
        let words = try fixture.candidates("zsh", "hypero-query search s")
        #expect(words == ["sets\t0 experiments", "s0000000a\tsearch, sets"], "\(words)")
    }
}
