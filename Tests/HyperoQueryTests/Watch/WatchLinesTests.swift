import Glibc
import HyperoCore
import HyperoSchema
import TestSupport
import Testing

/// hypero-query watch into a file or pipe.
@Suite struct WatchLinesTests {
    private let fixture: Fixture
    private let battery: BatteryID

    init() throws { (fixture, battery) = try Fixture.net() }

    private func watch(_ arguments: String...) throws -> ChildProcess {
        try ChildProcess("hypero-query", arguments, environment: fixture.environment)
    }

    /// Returns the lines so far. The time of a read is T.
    private func lines(_ child: ChildProcess) -> [String] {
        child.stdout.split(separator: "\n").map { line in
            line.contains(#""event":"rank""#) || line.contains(#""event":"summary""#)
                ? String(line).replacing(/^\{"time":[0-9]+/, with: #"{"time":T"#) : String(line)
        }
    }

    private func row(_ rank: Int, _ id: String, _ value: String, was previous: String, params: String) -> String {
        #"{"time":T,"event":"rank","previous":\#(previous),"rank":\#(rank),"experiment":"\#(id)","battery":"net.v1.e99e5852","#
            + #""name":"net","version":1,"value":\#(value),"status":"done","epoch":7,"last_seen":1763899954000,"#
            + #""maxima":{"valid":\#(value)},"params":\#(params),"meta":{}}"#
    }

    @Test func `Each row is first, then each event and each changed row is one object`() throws {
        let child = try watch("watch", "net")
        #expect(eventually { lines(child).count == 2 })
        let id = battery.text
        for (index, text) in [
            "event=battery name=net version=1 description=d",
            "event=start experiment=c-1 host=n17 pid=9 attempt=2 from=3",
            "event=param experiment=c-1 param.lr=0.3 param.act=relu", "event=meta experiment=c-1 meta.note=\u{1B}[2J",
            "event=epoch experiment=c-1 epoch=4 curve.valid=0.90 curve.loss=nan producer=c seq=7",
            "event=curve experiment=c-1 curve.valid=1", "event=maxima experiment=c-1 epoch=4 max.test=0.8",
            "event=end experiment=c-1 status=failed reason=oom time=1763899200123",
            "event=start experiment=x-1 nonsense=1", "event=alive producer=c",
        ].enumerated() {
            let battery = text.contains("alive") ? "" : " battery=\(id)"
            try fixture.log(text + battery, at: Int64(index + 1))
        }
        // An event of another battery is none of this one.
        fixture.battery("other")
        try fixture.log("event=end status=done battery=other.v1.0 experiment=z-1", at: 50)
        try fixture.log("event=epoch battery=\(id) experiment=d-1 epoch=1 curve.valid=0.45", at: 100) {
            fixture.experiment("d-1", of: battery, maxima: ["valid": "0.45"], params: ["lr": "0.3"])
        }
        #expect(eventually { lines(child).count == 13 }, "\(child.stdout)\(child.stderr)")
        let events = lines(child)
        #expect(
            Array(events.prefix(2)) == [
                row(1, "a-1", "0.5", was: "null", params: #"{"lr":0.1}"#),
                row(2, "b-1", "0.4", was: "null", params: #"{"lr":0.2}"#),
            ])
        #expect(
            events.dropFirst(2).filter { !$0.contains(#""event":"rank""#) } == [
                #"{"time":1763899200001,"event":"battery","battery":"\#(id)","name":"net","version":1,"description":"d","objective":"valid","direction":"max"}"#,
                #"{"time":1763899200002,"event":"start","battery":"\#(id)","experiment":"c-1","host":"n17","pid":"9","seed":null,"attempt":2,"from":3}"#,
                #"{"time":1763899200003,"event":"param","battery":"\#(id)","experiment":"c-1","params":{"lr":0.3,"act":"relu"}}"#,
                #"{"time":1763899200004,"event":"meta","battery":"\#(id)","experiment":"c-1","meta":{"note":"\u001b[2J"}}"#,
                #"{"time":1763899200005,"event":"epoch","battery":"\#(id)","experiment":"c-1","epoch":4,"values":{"valid":0.90,"loss":"nan"},"producer":"c","seq":7}"#,
                #"{"time":1763899200006,"event":"curve","battery":"\#(id)","experiment":"c-1","first":1,"values":{"valid":[1]}}"#,
                #"{"time":1763899200007,"event":"maxima","battery":"\#(id)","experiment":"c-1","epoch":4,"maxima":{"test":0.8}}"#,
                #"{"time":1763899200123,"event":"end","battery":"\#(id)","experiment":"c-1","status":"failed","reason":"oom"}"#,
                #"{"time":1763899200100,"event":"epoch","battery":"\#(id)","experiment":"d-1","epoch":1,"values":{"valid":0.45}}"#,
            ])
        #expect(
            events.dropFirst(2).filter { $0.contains(#""event":"rank""#) } == [
                row(2, "d-1", "0.45", was: "null", params: #"{"lr":0.3}"#),
                row(3, "b-1", "0.4", was: "2", params: #"{"lr":0.2}"#),
            ])
        child.interrupt()
        #expect(child.wait() == .exited(0) && child.stderr == "")
    }

    @Test func `A deletion is an event, and the row has left`() throws {
        let child = try watch("watch", "net", "--format", "json", "--count", "4")
        #expect(eventually { lines(child).count == 2 })
        let keyspace = fixture.keyspaces[0]
        fixture.write("XADD", keyspace.control, "1763899201000-0", "event", "delete", "experiment", "b-1")
        fixture.write("ZREM", keyspace.rank(of: battery, by: "valid"), "b-1")
        fixture.write("HSET", keyspace.ingest, "cursor", "1-0", "control", "1763899201000-0")
        try fixture.commit()
        #expect(child.wait() == .exited(0))
        #expect(
            Array(lines(child).dropFirst(2)) == [
                #"{"time":1763899201000,"event":"delete","battery":null,"experiment":"b-1"}"#,
                #"{"time":T,"event":"rank","previous":2,"rank":null,"experiment":"b-1"}"#,
            ])
    }

    @Test func `Without a name, each battery that changes is an object`() throws {
        let child = try watch("watch", "--count", "3")
        #expect(eventually { lines(child).count == 1 })
        try fixture.log("event=start battery=\(battery.text) experiment=d-1", at: 1_000) {
            fixture.experiment("d-1", of: battery, status: "running", more: ["updated": Fixture.future])
        }
        #expect(child.wait() == .exited(0))
        func summary(_ experiments: Int, _ running: Int) -> String {
            #"{"time":T,"event":"summary","id":"net.v1.e99e5852","name":"net","version":1,"description":"","#
                + #""objective":"valid","direction":"max","created":1763899200001,"updated":1763899260000,"#
                + #""experiments":\#(experiments),"best":0.5,"best_experiment":"a-1","best_status":"done","#
                + #""running":\#(running),"done":2,"counted":\#(experiments)}"#
        }
        #expect(
            lines(child) == [
                summary(2, 0),
                #"{"time":1763899201000,"event":"start","battery":"net.v1.e99e5852","experiment":"d-1","host":null,"pid":null,"seed":null,"attempt":null,"from":null}"#,
                summary(3, 1),
            ])
    }

    @Test func `rank --watch writes the table after each change, or the changed rows`() throws {
        let table = try watch("rank", "net", "--watch", "--limit", "1", "--count", "2")
        let json = try watch("rank", "net", "--watch", "--format", "json", "--limit", "2", "--count", "4")
        #expect(eventually { lines(table).count > 3 && lines(json).count == 2 })
        // No change of the first row.
        try fixture.log("event=start battery=\(battery.text) experiment=b-1", at: 500)
        try fixture.log("event=epoch battery=\(battery.text) experiment=d-1 epoch=1 curve.valid=0.7", at: 1_000) {
            fixture.experiment("d-1", of: battery, maxima: ["valid": "0.7"], params: ["lr": "0.3"])
        }
        #expect(table.wait() == .exited(0) && json.wait() == .exited(0))
        func text(_ count: Int, _ row: String) -> String {
            """
            net, version 1: best first by valid (highest, the objective), \(count) of \(count) ranked

            #  experiment  valid  epoch  status   lr
            1  \(row)
            \(count) ranked experiments (1 shown), 6 columns

            """
        }
        #expect(
            table.stdout
                == text(2, "a-1           0.5      7  done    0.1") + "\n"
                + text(3, "d-1           0.7      7  done    0.3"))
        #expect(
            lines(json) == [
                row(1, "a-1", "0.5", was: "null", params: #"{"lr":0.1}"#),
                row(2, "b-1", "0.4", was: "null", params: #"{"lr":0.2}"#),
                row(1, "d-1", "0.7", was: "null", params: #"{"lr":0.3}"#),
                row(2, "a-1", "0.5", was: "1", params: #"{"lr":0.1}"#),
            ])
    }

    @Test func `Entries that are too large or no events hide no later event`() throws {
        let child = try watch("watch", "net")
        #expect(eventually { lines(child).count == 2 })
        let huge = String(repeating: "x", count: 70 << 20)
        try fixture.log("event=meta battery=\(battery.text) experiment=a-1 meta.a=\(huge) meta.b=\(huge)", at: 1)
        try fixture.log("no=event", at: 2)
        try fixture.log("event=end status=done battery=\(battery.text) experiment=a-1", at: 3)
        #expect(eventually { lines(child).count == 3 })
        #expect(lines(child)[2].contains(#""event":"end""#) && child.stderr == "")
    }

    @Test func `Only rows that fulfil --where are written`() throws {
        let outcome = try ChildProcess.run(
            "hypero-query", ["watch", "net", "--where", "lr > 0.15", "--count", "1"], environment: fixture.environment)
        #expect(outcome.succeeded && outcome.stdout.contains(#""experiment":"b-1""#))
        let wrong = try ChildProcess.run(
            "hypero-query", ["watch", "net", "--where", "lr >"], environment: fixture.environment)
        #expect(wrong.ending == .exited(64) && wrong.stdout == "")
    }

    @Test func `A running experiment becomes lost without an event`() throws {
        // The program has some seconds to read it before.
        fixture.experiment(
            "r-1", of: battery, maxima: ["valid": "0.3"], status: "running", more: ["updated": "\(now + 4_000)"])
        try fixture.commit()
        let child = try watch("watch", "net", "--lost-after", "1s", "--count", "4")
        #expect(child.wait() == .exited(0))
        try #require(lines(child).count == 4)
        #expect(lines(child)[2].contains(#""experiment":"r-1""#) && lines(child)[2].contains(#""status":"running""#))
        #expect(lines(child)[3].contains(#""previous":3,"rank":3,"experiment":"r-1""#))
        #expect(lines(child)[3].contains(#""status":"lost""#))
    }

    private var now: Int64 { WallClock.milliseconds }

    @Test func `A reader that has gone ends the program quietly, also when nothing happens`() throws {
        let outcome = try ChildProcess.run(
            "bash",
            [
                "-c", #""$0" watch net | head -n 1; echo "${PIPESTATUS[0]}""#,
                "\(ChildProcess.productsDirectory)/hypero-query",
            ],
            environment: fixture.environment)
        #expect(outcome.succeeded && outcome.stderr == "")
        #expect(outcome.stdout.hasSuffix("}\n0\n"))
    }

    @Test(arguments: [SIGTERM, SIGHUP, 0])
    func `A reader that does not read keeps no program from ending`(number: Int32) throws {
        for index in 1...400 { fixture.experiment("e-\(index)", of: battery, maxima: ["valid": "0.\(index)"]) }
        try fixture.commit()
        let shell = try ChildProcess(
            "bash",
            [
                "-c",
                #""$0" watch net --limit 1000 $1 > >(exec sleep 300) & echo "$!"; wait "$!"; echo "ended with $?""#,
                "\(ChildProcess.productsDirectory)/hypero-query", number == 0 ? "--for=1s" : "",
            ], environment: fixture.environment)
        #expect(eventually { shell.stdout.contains("\n") })
        let pid = try #require(Int32(shell.stdout.prefix { $0 != "\n" }))
        if number != 0 {
            #expect(eventually { unreadCount(inOutputOf: pid) > 60_000 })
            kill(pid, number)
        }
        #expect(eventually { shell.stdout.hasSuffix("ended with 0\n") })
    }

    @Test func `--where of a battery without experiments waits for the field`() throws {
        let fresh = fixture.battery("fresh")
        try fixture.commit()
        let child = try watch("watch", "fresh", "--where", "valid > 0.5")
        var offset: Int64 = 2_000
        // Nothing says when the program waits for events.
        #expect(
            eventually {
                offset += 1
                try? fixture.log("event=param battery=\(fresh.text) experiment=p-1 param.lr=0.1", at: offset) {
                    fixture.experiment("p-1", of: fresh, params: ["lr": "0.1"], status: "running")
                }
                return !lines(child).isEmpty
            })
        try fixture.log("event=epoch battery=\(fresh.text) experiment=p-1 epoch=1 curve.valid=0.9", at: 90_000) {
            fixture.experiment("p-1", of: fresh, maxima: ["valid": "0.9"], params: ["lr": "0.1"])
        }
        #expect(eventually { lines(child).last?.contains(#""event":"rank""#) ?? false })
        child.terminate()
        #expect(child.wait() == .exited(0))
        #expect(child.stderr == "")
    }

    @Test func `A battery that was deleted is a message once, and its rows have left`() throws {
        let child = try watch("watch", "net", "--count", "5")
        #expect(eventually { lines(child).count == 2 })
        try fixture.delete(battery)
        #expect(child.wait() == .exited(0))
        #expect(lines(child).suffix(2).allSatisfy { $0.contains(#""rank":null"#) })
        #expect(child.stderr.split(separator: "\n").count <= 1)
    }

    /// Returns the number of bytes in the pipe that is the standard output of a process. A pipe has room for 64 KiB.
    private func unreadCount(inOutputOf pid: Int32) -> Int {
        let descriptor = open("/proc/\(pid)/fd/1", O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        defer { close(descriptor) }
        var count: Int32 = 0
        _ = ioctl(descriptor, UInt(FIONREAD), &count)
        return Int(count)
    }

    @Test func `--for and --count end with 0`() throws {
        for arguments in [
            ["watch", "net", "--for", "0.2s"], ["watch", "--count", "1"], ["watch", "net", "--count", "1"],
        ] {
            let outcome = try ChildProcess.run("hypero-query", arguments, environment: fixture.environment)
            #expect(outcome.succeeded && outcome.stdout.hasSuffix("}\n") && outcome.stderr == "")
        }
    }

    @Test(
        arguments: [
            (["watch", "--by", "loss"], "hypero-query: --by needs the name of a battery\n"),
            (
                ["watch", "net", "--format", "csv"],
                "hypero-query: watch has no --format csv. Use --format json, or --format table\n"
            ),
            (["rank", "net", "--watch", "--group", "lr"], "hypero-query: --group and --watch must not be combined\n"),
            (["rank", "net", "--for", "2s"], "hypero-query: --for needs --watch\n"),
            (["rank", "net", "--count", "2"], "hypero-query: --count needs --watch\n"),
        ])
    func `Options that do not fit are refused`(arguments: [String], message: String) throws {
        let outcome = try ChildProcess.run("hypero-query", arguments, environment: fixture.environment)
        #expect(outcome.ending == .exited(64) && outcome.stdout == "")
        #expect(outcome.stderr == message)
    }

    @Test(arguments: ["--for=x", "--for=-1", "--count=0"])
    func `Values out of range are refused`(option: String) throws {
        let outcome = try ChildProcess.run("hypero-query", ["watch", "net", option], environment: fixture.environment)
        #expect(outcome.ending == .exited(64) && outcome.stdout == "")
        #expect(outcome.stderr.hasPrefix("hypero-query: \(option.prefix { $0 != "=" }) must be "))
    }
}
