import HyperoCore
import HyperoSchema
import TestSupport
import Testing

@testable import HyperoQuery

@Suite struct WatchFrameTests {
    private let start = MonotonicTime(nanoseconds: 5_000_000_000)
    private static let size = WatchView.Size(columns: 80, rows: 24)

    /// Returns the view of a ranking.
    private func view(of fixture: Fixture, battery: String, limit: Int? = nil) throws -> WatchView {
        var view = WatchView(showsEvents: true, limit: limit, marker: .ascii)
        let board = try fixture.store().leaderboard(of: battery, limit: limit ?? 24)
        view.update(with: .board(.ranking(board), time: Fixture.noon), in: Self.size, at: start)
        return view
    }

    private func lines(
        of view: inout WatchView, in size: WatchView.Size = size, display: Display = Display(isTerminal: true)
    ) -> [String] {
        view.lines(in: size, on: display, at: start, clock: Fixture.noon + 754_000)
    }

    private func event(_ text: String, at offset: Int64 = 0) throws -> WatchEvent {
        let fields = text.split(separator: " ").map { word in
            let parts = word.split(separator: "=", maxSplits: 1)
            return (name: String(parts[0]), value: String(parts[1]))
        }
        let id = StreamID(milliseconds: UInt64(Fixture.noon + offset), sequence: 0)
        return try #require(WatchEvent(fields: fields, id: id, isControl: false))
    }

    @Test func `The frame has a title, the rows, the chart of the best experiment, the latest events and the keys`()
        throws
    {
        let fixture = try Fixture()
        let battery = fixture.battery("net")
        fixture.experiment(
            "a-1", of: battery, maxima: ["valid": "0.9"], params: ["lr": "0.1", "bs": "16"],
            curve: [1: "valid=0.5", 2: "valid=0.7", 3: "valid=0.9"])
        fixture.experiment("b-1", of: battery, maxima: ["valid": "0.8"], params: ["lr": "0.2", "bs": "16"])
        try fixture.commit()
        var view = try view(of: fixture, battery: "net")
        view.update(with: .chart(try fixture.store().experiment("a-1")), in: Self.size, at: start)
        let events = try ["event=start host=node1", "event=epoch epoch=3 curve.valid=0.9"].map {
            try event("\($0) battery=\(battery.text) experiment=a-1", at: 750_000)
        }
        view.update(with: .events(events), in: Self.size, at: start)
        let time = dateText(Fixture.noon + 750_000).suffix(8)
        #expect(
            lines(of: &view, in: WatchView.Size(columns: 72, rows: 22)) == [
                "net  2 of 2 ranked · 0.2 events/s · last event 4 s ago · version 1, be…",
                "same in all rows: bs 16",
                "#    experiment  valid  epoch  status   lr",
                "1    a-1           0.9      7  done    0.1",
                "2    b-1           0.8      7  done    0.2",
                "",
                "valid of a-1, the best",
                "0.9 +                                                           ....'''",
                "    |                                                   ....''''",
                "    |                                           ....''''",
                "    |                                   ....''''",
                "0.7 +                          .....''''",
                "    |                 .....''''",
                "    |        ....'''''",
                "0.5 +...'''''",
                "    ++--------------------------------+-------------------------------+",
                "     1                                2                               3",
                "",
                "\(time)  a-1  starts on node1",
                "\(time)  a-1  epoch 3  valid 0.9",
                "",
                "q quit  ? help  / filter  s sort  enter details",
            ])
    }

    @Test func `A screen without colours marks the selected row, and keys select, sort and filter`() throws {
        var view = try view(of: try Fixture.digits(), battery: "Digits")
        func ids(_ lines: [String]) -> [String] {
            lines.compactMap { line in line.split(separator: " ").first { $0.hasSuffix("-1") || $0.hasSuffix("-2") } }
                .map(String.init)
        }
        #expect(ids(lines(of: &view)) == ["bbbbbbbbbb-1", "cccccccccc-1", "aaaaaaaaaa-1", "aaaaaaaaaa-2"])
        for key in [Key.down, .down] { #expect(view.press(key) == .redraw) }
        #expect(lines(of: &view).contains { $0.hasPrefix("2  >   cccccccccc-1") })
        _ = view.press(.enter)
        #expect(view.request(in: Self.size).details == "cccccccccc-1")
        _ = view.press(.escape)
        #expect(view.request(in: Self.size).details == nil)
        for key in "/LINEAR" { _ = view.press(.character(key)) }
        #expect(ids(lines(of: &view)) == ["aaaaaaaaaa-1"])
        #expect(view.request(in: Self.size).limit == 1_000)
        _ = view.press(.escape)
        #expect(ids(lines(of: &view)).count == 4)
        // The first column of the sort is the value, the next one the epoch, whose absent value is last.
        for key in "ss" { _ = view.press(.character(key)) }
        #expect(ids(lines(of: &view)) == ["aaaaaaaaaa-2", "cccccccccc-1", "aaaaaaaaaa-1", "bbbbbbbbbb-1"])
        _ = view.press(.character("S"))
        #expect(ids(lines(of: &view)) == ["aaaaaaaaaa-1", "cccccccccc-1", "aaaaaaaaaa-2", "bbbbbbbbbb-1"])
        #expect(
            lines(of: &view)[23] == "sorted by epoch (highest first)  q quit  ? help  / filter  s sort  enter detai…")
        #expect(view.press(.character("q")) == .quit)
    }

    @Test func `The key s sorts by the columns on the screen alone, from left to right`() throws {
        let fixture = try Fixture()
        let battery = fixture.battery("net")
        for index in 1...3 {
            let value = String(repeating: "\(index)", count: 12)
            fixture.experiment(
                "a-\(index)", of: battery, maxima: ["valid": "\(index)", "loss": value],
                params: ["alpha": value, "beta": value, "gamma": value, "delta": value])
        }
        try fixture.commit()
        var view = try view(of: fixture, battery: "net")
        func sorts(in columns: Int) -> [String?] {
            _ = lines(of: &view, in: WatchView.Size(columns: columns, rows: 24))
            var fields: [String?] = []
            repeat {
                _ = view.press(.character("s"))
                fields.append(view.sortField)
            } while view.sortField != nil && fields.count < 20
            return fields
        }
        let all = [
            "max.valid", "max.epoch", "param.alpha", "param.beta", "param.delta", "param.gamma", "max.loss", nil,
        ]
        #expect(sorts(in: 200) == all)
        for columns in 10...120 {
            let table = lines(of: &view, in: WatchView.Size(columns: columns, rows: 24)).first { $0.hasPrefix("#") }
            let titles = try #require(table).split(separator: " ").map(String.init)
            let shown = all.compactMap(\.self).filter { field in
                field == "max.valid"
                    || titles.contains(field == "max.epoch" ? "epoch" : String(field.split(separator: ".")[1]))
            }
            #expect(sorts(in: columns) == shown + [nil], "\(columns): \(titles)")
        }
    }

    @Test func `Details rank an experiment among the versions of the ranking`() throws {
        let fixture = try Fixture()
        let versions = (1...2).map { fixture.battery("net", version: $0) }
        fixture.experiment("a-1", of: versions[0], maxima: ["valid": "0.9"])
        fixture.experiment("b-1", of: versions[1], maxima: ["valid": "0.8"])
        try fixture.commit()
        let store = try fixture.store()
        let record = try store.experiment("b-1")
        let board = try store.leaderboard(of: "net", version: 2)
        #expect(try store.standings(of: [record], among: board.batteries)[0]?.text == "1st of 1 by valid")
        #expect(try store.standings(of: [record])[0]?.text == "2nd of 2 by valid, versions 1, 2")
        let screen = try TerminalProcess(
            "hypero-query", ["watch", "net", "--version", "2"], environment: fixture.environment)
        #expect(eventually { screen.frame.contains("b-1") })
        screen.type("\r")
        #expect(eventually { screen.frame.contains("1st of 1 by valid") })
    }

    @Test func `Texts that control a terminal are escaped, and no line is as wide as the screen`() throws {
        let fixture = try Fixture()
        let name = "\u{1B}[2J\u{202E}名前\u{9B}"
        let battery = fixture.battery(name)
        for index in 1...30 {
            fixture.experiment(
                "a-\(index)", of: battery, maxima: ["valid": "\(index)"],
                params: ["p\u{1B}]0;x\u{7}": "v\u{1B}[31m\(index)", "名": "前\(index)"],
                curve: [1: "valid=1", 2: "valid=\(index)"])
        }
        try fixture.commit()
        var view = try view(of: fixture, battery: name)
        view.update(with: .chart(try fixture.store().experiment("a-30")), in: Self.size, at: start)
        view.update(
            with: .events([try event("event=end status=failed reason=\u{1B}[2J battery=\(battery.text) experiment=a-1")]
            ),
            in: Self.size, at: start)
        view.update(with: .problem("broken \u{1B}[2J"), in: Self.size, at: start)
        for columns in [1, 2, 3, 7, 20, 39, 40, 41, 80, 300] {
            for rows in [1, 2, 3, 5, 9, 10, 21, 22, 60] {
                for usesColor in [false, true] {
                    let display = Display(isTerminal: true, usesColor: usesColor)
                    let all = lines(of: &view, in: WatchView.Size(columns: columns, rows: rows), display: display)
                    #expect(all.count == rows)
                    for line in all {
                        let text = line.replacing(/\u{1B}\[[0-9;]*m/, with: "")
                        #expect(!text.unicodeScalars.contains { $0.value < 0x20 || (0x7F...0x9F).contains($0.value) })
                        #expect(!text.contains("\u{202E}"))
                        #expect(textWidth(text) <= max(columns - 1, 1), "\(columns) x \(rows): \(text)")
                    }
                }
            }
        }
    }

    @Test func `A ranking without rows and a list without batteries say so`() throws {
        let fixture = try Fixture()
        fixture.battery("net")
        try fixture.commit()
        var view = try view(of: fixture, battery: "net")
        let small = WatchView.Size(columns: 80, rows: 5)
        #expect(
            lines(of: &view, in: small) == [
                "net  0 of 0 ranked · 0.0 events/s · version 1, best first by valid (highest, t…", "",
                "no experiment has a finite 'valid' yet, and no rank", "",
                "q quit  ? help  / filter  s sort  enter details",
            ])
        let empty = ActivityList(batteries: [], warnings: [])
        view.update(with: .board(.batteries(empty), time: 0), in: small, at: start)
        #expect(
            lines(of: &view, in: small)[0...2] == [
                "0 batteries  0 running · 0.0 events/s", "", "no battery is declared yet",
            ])
        view.update(with: .lag(65_000), in: small, at: start)
        #expect(
            lines(of: &view, in: small)[0] == "0 batteries  0 running · 0.0 events/s · the ingest is 1 min 5 s behind")
    }

    @Test func `Of a battery with many experiments, the statuses of the newest thousand are counted`() throws {
        let fixture = try Fixture()
        let battery = fixture.battery("net")
        for index in 1...1_005 {
            fixture.experiment(
                "a-\(index)", of: battery, status: index <= 10 ? "running" : "done", more: ["updated": Fixture.future],
                started: Fixture.noon + Int64(index))
        }
        try fixture.commit()
        let list = try fixture.store().activities(since: nil, changed: [])
        var view = WatchView(showsEvents: true, limit: nil, marker: .ascii)
        view.update(with: .board(.batteries(list), time: 0), in: Self.size, at: start)
        #expect(
            Array(lines(of: &view, in: WatchView.Size(columns: 80, rows: 5))[0...2]) == [
                "1 battery  5 running · 0.0 events/s · last event 11 min ago",
                "name  version  experiments  running  done  best  by              updated",
                "net         1         1005       ≥5  ≥995     -  valid (max)  11 min ago",
            ])
        // The counts of a battery that has not changed are kept.
        fixture.write("HSET", "\(fixture.keyspaces[0].tag):experiment:a-1005", "status", "failed")
        try fixture.commit()
        #expect(try fixture.store().activities(since: list, changed: []).batteries[0].done == 995)
        #expect(try fixture.store().activities(since: list, changed: [battery.text]).batteries[0].done == 994)
    }

    @Test func `A paused screen keeps its rows and events`() throws {
        var view = try view(of: try Fixture.digits(), battery: "Digits")
        view.update(
            with: .events([try event("event=end status=done battery=b experiment=a-1")]), in: Self.size, at: start)
        _ = view.press(.character(" "))
        #expect(view.request(in: Self.size).isPaused)
        view.update(
            with: .events([try event("event=end status=failed battery=b experiment=a-2")]), in: Self.size, at: start)
        let paused = lines(of: &view)
        #expect(paused.contains { $0.hasSuffix("a-1  done") } && !paused.contains { $0.hasSuffix("a-2  failed") })
        #expect(paused[23].hasPrefix("paused  "))
        _ = view.press(.character(" "))
        #expect(lines(of: &view).contains { $0.hasSuffix("a-2  failed") })
    }

    @Test func `A frame overwrites the one before it and never clears the screen as a whole`() {
        #expect(
            TerminalFrame.text(of: ["a", "", "b"])
                == "\u{1B}[?2026h\u{1B}[Ha\u{1B}[K\r\n\u{1B}[K\r\nb\u{1B}[K\u{1B}[J\u{1B}[?2026l")
        #expect(TerminalFrame.text(of: ["a", "b"], cursor: 3).hasSuffix("\u{1B}[J\u{1B}[2;4H\u{1B}[?25h\u{1B}[?2026l"))
    }

    @Test(
        arguments: [
            ("abc", 3, "abc"), ("abcd", 3, "ab…"), ("名前", 4, "名前"), ("名前x", 4, "名…"), ("名前", 3, "名…"), ("ab", 0, "…"),
            ("\u{1B}[1mabcd\u{1B}[0m", 4, "\u{1B}[1mabcd\u{1B}[0m"),
            ("\u{1B}[1mabcd\u{1B}[0mef", 4, "\u{1B}[1mabc…\u{1B}[0m"), ("", 5, ""),
            // A mark that combines with the last character of the style.
            ("\u{1B}[1m\u{301}abcd\u{1B}[0mef", 4, "\u{1B}[1m\u{301}abc…\u{1B}[0m"),
        ])
    func `A line is cut at a number of columns`(line: String, width: Int, expected: String) {
        #expect(cutLine(line, toWidth: width, ellipsis: "…") == expected)
    }
}
