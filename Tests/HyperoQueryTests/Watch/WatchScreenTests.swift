import Glibc
import HyperoSchema
import TestSupport
import Testing

/// hypero-query watch on a pseudo-terminal.
@Suite struct WatchScreenTests {
    private let fixture: Fixture
    private let battery: BatteryID

    init() throws { (fixture, battery) = try Fixture.net() }

    private func screen(_ arguments: String..., columns: Int = 80, rows: Int = 24) throws -> TerminalProcess {
        try TerminalProcess(
            "hypero-query", arguments, environment: fixture.environment, columns: columns, rows: rows)
    }

    private func expectRestored(_ screen: TerminalProcess, from mode: [UInt32], begins: Int = 1) {
        #expect(screen.mode == mode)
        #expect(screen.count(of: "\u{1B}[?1049h") == begins && screen.count(of: "\u{1B}[?1049l") == begins)
        #expect(screen.output.hasSuffix("\u{1B}[?2004l\u{1B}[0m\u{1B}[?25h\u{1B}[?1049l"))
        #expect(screen.count(of: "\u{1B}[2J") == 0)
        #expect(screen.count(of: "\u{1B}[?2026h") == screen.count(of: "\u{1B}[?2026l"))
        #expect(screen.process.stderr == "")
    }

    @Test(arguments: ["q", "\u{3}", "TERM", "HUP"])
    func `However the screen ends, it was begun once, and the terminal is as before`(end: String) throws {
        let screen = try screen("watch", "net")
        let mode = screen.initialMode
        #expect(eventually { screen.frame.contains("a-1") && screen.isRaw })
        switch end {
        case "TERM": screen.process.terminate()
        case "HUP": screen.process.signal(SIGHUP)
        default: screen.type(end)
        }
        #expect(screen.process.wait() == .exited(0))
        expectRestored(screen, from: mode)
    }

    @Test func `A crash restores the terminal too`() throws {
        let screen = try screen("watch", "net")
        let mode = screen.initialMode
        #expect(eventually { screen.frame.contains("a-1") && screen.isRaw })
        screen.process.signal(SIGSEGV)
        #expect(screen.process.wait() == .signalled(SIGSEGV))
        expectRestored(screen, from: mode)
    }

    @Test func `A new experiment is shown with a mark, and the event below`() throws {
        let screen = try screen("watch", "net")
        #expect(eventually { screen.frame.contains("a-1") })
        try fixture.log("event=epoch battery=\(battery.text) experiment=c-1 epoch=1 curve.valid=0.9", at: 1_000) {
            fixture.experiment("c-1", of: battery, maxima: ["valid": "0.9"], params: ["lr": "0.3"])
        }
        #expect(eventually { screen.lines.contains { $0.hasPrefix("1  new  c-1") } })
        #expect(eventually { screen.frame.contains("12:00:01  c-1  epoch 1  valid 0.9") })
    }

    @Test func `A screen that has not changed is not drawn again`() throws {
        let screen = try screen("watch", "net")
        #expect(eventually { screen.frame.contains("the best") })
        let count = screen.frameCount
        // An unknown key composes the screen again, and the help follows as the next frame.
        screen.type("xxx?")
        #expect(eventually { screen.frame.contains("this help") })
        #expect(screen.frameCount == count + 1)
    }

    @Test func `A change of the size draws the screen again`() throws {
        let screen = try screen("watch", "net", columns: 60, rows: 10)
        #expect(eventually { screen.lines.count == 10 })
        screen.resize(columns: 100, rows: 30)
        #expect(eventually { screen.lines.count == 30 && screen.frame.contains("valid of a-1, the best") })
        screen.resize(columns: 20, rows: 3)
        #expect(eventually { screen.lines.count == 3 })
    }

    @Test func `Keys filter, select and show details, also when their sequences arrive in parts`() throws {
        let screen = try screen("watch", "net")
        #expect(eventually { screen.frame.contains("b-1") })
        screen.type("/lr 0.1")
        #expect(eventually { screen.frame.contains("/lr 0.1") && !screen.frame.contains("b-1") })
        screen.type("\r")
        #expect(eventually { screen.frame.contains("filter: lr 0.1") })
        screen.type("\u{1B}")
        #expect(eventually { screen.frame.contains("b-1") })
        screen.type("/lr > 0.15")
        #expect(eventually { screen.frame.contains("b-1") && !screen.frame.contains("a-1") })
        screen.type("\r")
        #expect(eventually { screen.frame.contains("filter: lr > 0.15") })
        screen.type("\u{1B}")
        #expect(eventually { screen.frame.contains("1    a-1") && screen.frame.contains("b-1") })
        screen.type("/lx > 1\r")
        #expect(eventually { screen.frame.contains("invalid filter: ") })
        screen.type("\u{1B}")
        #expect(eventually { screen.frame.contains("b-1") })
        for part in ["\u{1B}", "[", "B", "\u{1B}[B"] { screen.type(part) }
        #expect(eventually { screen.lines.contains { $0.hasPrefix("2  >   b-1") } })
        screen.type("\r")
        #expect(eventually { screen.frame.contains("2nd of 2 by valid") })
        screen.type("\u{1B}")
        #expect(eventually { screen.frame.contains("valid of a-1, the best") })
        // The best experiment, whose curve was read for the chart.
        screen.type("\u{1B}[A\r")
        #expect(eventually { screen.frame.contains("1st of 2 by valid") })
        try fixture.log("event=meta battery=\(battery.text) experiment=a-1 meta.note=seen", at: 1_000) {
            fixture.write("HSET", "\(fixture.keyspaces[0].tag):experiment:a-1", "meta.note", "seen")
        }
        screen.type("\u{1B}[F")
        #expect(eventually { screen.frame.contains("note  seen") })
    }

    @Test func `Ctrl-Z restores the terminal, and the shell continues the screen in the foreground`() throws {
        let screen = try TerminalProcess(
            "/bin/sh",
            [
                "-c", #"set -m; "$0" watch net; echo stopped with $?; read line; fg >/dev/null; echo ended with $?"#,
                "\(ChildProcess.productsDirectory)/hypero-query",
            ], environment: fixture.environment)
        let mode = screen.initialMode
        #expect(eventually { screen.frame.contains("a-1") && screen.isRaw })
        screen.type("\u{1A}")
        #expect(eventually { screen.output.contains("stopped with 148") })
        #expect(screen.mode == mode && screen.count(of: "\u{1B}[?1049l") == 1)
        let count = screen.frameCount
        screen.type("\n")
        #expect(eventually { screen.isRaw && screen.frameCount > count && screen.count(of: "\u{1B}[?1049h") == 2 })
        screen.type("q")
        #expect(eventually { screen.output.contains("ended with 0") })
        #expect(screen.mode == mode && screen.count(of: "\u{1B}[?1049l") == 2)
    }

    @Test func `All batteries are shown without a name, and enter opens the ranking of one`() throws {
        let screen = try screen("watch")
        #expect(eventually { screen.frame.contains("1 battery  0 running") })
        try fixture.log("event=start battery=\(battery.text) experiment=d-1", at: 1_000) {
            fixture.experiment("d-1", of: battery, status: "running", more: ["updated": Fixture.future])
        }
        #expect(eventually { screen.frame.contains("1 battery  1 running") })
        screen.type("\r")
        #expect(eventually { screen.frame.contains("1    a-1") })
        screen.type("\u{1B}")
        #expect(eventually { screen.frame.contains("1 battery  1 running") })
    }

    @Test func `rank --watch shows the ranking alone with the options of rank`() throws {
        let screen = try screen("rank", "net", "--watch", "--delta", "--limit", "1")
        #expect(eventually { screen.frame.contains("1    a-1") && screen.frame.contains("Δ valid") })
        #expect(!screen.frame.contains("b-1") && !screen.frame.contains("the best"))
    }

    @Test func `A terminal that cannot move its cursor gets lines`() throws {
        let screen = try TerminalProcess(
            "hypero-query", ["watch", "net", "--count", "1"],
            environment: fixture.environment.merging(["TERM": "dumb"]) { $1 })
        #expect(screen.process.wait() == .exited(0))
        #expect(eventually { screen.output.contains(#""event":"rank","previous":null,"rank":1,"experiment":"a-1""#) })
        #expect(!screen.output.contains("\u{1B}"))
    }

    @Test func `--for ends the screen with 0`() throws {
        let screen = try screen("watch", "net", "--for", "0.3s")
        let mode = screen.initialMode
        #expect(screen.process.wait() == .exited(0))
        expectRestored(screen, from: mode)
    }

    @Test func `An error before the first result is the usual one, and the screen is not begun`() throws {
        let screen = try screen("watch", "net", "--by", "vaild")
        #expect(screen.process.wait() == .exited(3))
        #expect(screen.process.stderr == "hypero-query: channel not found: 'vaild'. Did you mean 'valid'?\n")
        #expect(screen.output == "")
    }

    @Test(arguments: [("", "where lr < 3"), ("lr < 5;", "lr < 0.15"), ("lr < 5", "lx < 3")])
    func `A typed expression and --where are independent, and none of them ends the screen`(
        condition: String, typed: String
    ) throws {
        let screen = try screen("watch", "net", "--where", condition)
        #expect(eventually { screen.frame.contains("b-1") })
        screen.type("/\(typed)\r")
        #expect(eventually { screen.frame.contains(typed.hasPrefix("lx") ? "invalid filter: " : "filter: \(typed)") })
        if typed.hasSuffix("0.15") { #expect(eventually { !screen.frame.contains("b-1") }) }
        screen.type("q")
        #expect(screen.process.wait() == .exited(0))
    }

    @Test func `Pasted lines are one filter, and run no keys`() throws {
        let screen = try screen("watch", "net")
        let mode = screen.initialMode
        #expect(eventually { screen.frame.contains("b-1") })
        #expect(screen.count(of: "\u{1B}[?2004h") == 1)
        screen.type("/\u{1B}[200~lr >\rq\u{1B}[201~")
        #expect(eventually { screen.frame.contains("/lr > q") && screen.output.contains("\u{1B}[24;8H\u{1B}[?25h") })
        screen.type("\u{7F}0.15\r")
        #expect(eventually { screen.frame.contains("filter: lr > 0.15") && !screen.frame.contains("a-1") })
        screen.type("q")
        #expect(screen.process.wait() == .exited(0))
        expectRestored(screen, from: mode)
    }

    @Test func `Keys come from the terminal of the session if standard input is none`() throws {
        let screen = try TerminalProcess(
            "/bin/sh", ["-c", #""$0" watch net < /dev/null"#, "\(ChildProcess.productsDirectory)/hypero-query"],
            environment: fixture.environment)
        let mode = screen.initialMode
        #expect(eventually { screen.frame.contains("q quit") && screen.isRaw })
        screen.type("?")
        #expect(eventually { screen.frame.contains("this help") })
        screen.type("q")
        #expect(screen.process.wait() == .exited(0))
        expectRestored(screen, from: mode)
    }

    @Test func `A battery that was deleted has no rows, and is watched again when it is declared`() throws {
        let screen = try screen("watch", "net")
        #expect(eventually { screen.frame.contains("b-1") })
        try fixture.delete(battery)
        #expect(eventually { screen.frame.contains("waiting for battery 'net'") && !screen.frame.contains("a-1") })
        #expect(!screen.frame.contains("2 of 2 ranked"))
        fixture.battery("net")
        try fixture.commit()
        #expect(eventually { screen.frame.contains("0 of 2 ranked") && !screen.frame.contains("waiting for") })
    }
}
