import Glibc
import HyperoSchema
import TestSupport
import Testing

/// hypero-query watch on terminals that take their output slowly or not at all.
@Suite struct WatchTerminalTests {
    private let fixture: Fixture

    /// A battery with more rows than the buffers of a terminal have room for.
    init() throws {
        let battery: BatteryID
        (fixture, battery) = try Fixture.net()
        for index in 1...600 {
            fixture.experiment(
                "long-name-of-an-experiment-\(index)", of: battery, maxima: ["valid": "0.\(index)"],
                params: ["text": "value-\(index)"])
        }
        try fixture.commit()
    }

    @Test(
        .enabled("python3 is not installed") {
            try ChildProcess.run("sh", ["-c", "command -v python3"]).succeeded
        })
    func `A terminal that another program has made non-blocking gets whole frames`() throws {
        let script = """
            import os, sys
            for descriptor in (0, 1): os.set_blocking(descriptor, False)
            os.execv(sys.argv[1], sys.argv[1:])
            """
        let screen = try TerminalProcess(
            "python3", ["-c", script, "\(ChildProcess.productsDirectory)/hypero-query", "watch", "net"],
            environment: fixture.environment, columns: 120, rows: 600)
        let mode = screen.initialMode
        #expect(eventually { screen.lines.count == 600 && screen.frame.contains("q quit") })
        #expect(screen.lines.count { $0.contains("long-name-of-an-experiment-") } > 300)
        screen.type("q")
        #expect(screen.process.wait() == .exited(0))
        #expect(screen.mode == mode && screen.process.stderr == "")
        #expect(eventually { screen.output.hasSuffix("\u{1B}[?1049l") })
    }

    @Test(arguments: ["\u{3}", "INT", "TERM"])
    func `A terminal that takes no output keeps no program from ending`(end: String) throws {
        let screen = try TerminalProcess(
            "hypero-query", ["watch", "net"], environment: fixture.environment, columns: 120, rows: 600)
        let mode = screen.initialMode
        // The frame is larger than the buffers, of which the reader sees only the last one.
        #expect(eventually { screen.unreadCount > 4_000 })
        switch end {
        case "INT": screen.process.interrupt()
        case "TERM": screen.process.terminate()
        default: screen.type(end)
        }
        #expect(screen.process.wait() == .exited(0))
        #expect(screen.mode == mode && screen.process.stderr == "")
    }
}
