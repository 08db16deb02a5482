import TestSupport
import Testing

@Suite struct HelpTests {
    @Test(arguments: [
        ["hypero-ingest"], ["hypero-ingest", "run"], ["hypero-ingest", "adopt"], ["hypero-ingest", "requeue"],
        ["hypero-ingest", "delete"], ["hypero-ingest", "rebuild"], ["hypero-ingest", "replay"],
        ["hypero-ingest", "journals"], ["hypero-ingest", "acl"],
        ["hypero-query"], ["hypero-query", "batteries"],
        ["hypero-query", "rank"],
        ["hypero-query", "experiments"], ["hypero-query", "show"], ["hypero-query", "curves"],
        ["hypero-query", "compare"], ["hypero-query", "status"], ["hypero-query", "dead"], ["hypero-query", "verify"],
        ["hypero-query", "versions"], ["hypero-query", "columns"], ["hypero-query", "importance"],
        ["hypero-query", "export"], ["hypero-query", "watch"], ["hypero-web"], ["hypero-demo"],
    ])
    func `The help of each command fits into 80 columns, and its lists keep their indentation`(command: [String]) throws
    {
        let outcome = try ChildProcess.run(command[0], Array(command.dropFirst()) + ["--help"])
        #expect(outcome.succeeded)
        let lines = outcome.stdout.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.contains { $0.hasPrefix("USAGE: \(command.joined(separator: " "))") })
        #expect(lines.filter { $0.count > 80 } == [])
        // The line after an indented one is indented too, unless it is the heading of another list.
        let broken = zip(lines, lines.dropFirst()).filter { line, next in
            line.hasPrefix("  ") && !next.isEmpty && !next.hasPrefix("  ") && !next.hasSuffix(":")
        }
        #expect(broken.map(\.1) == [])
    }

    @Test(
        .enabled("python3 is not installed") {
            try ChildProcess.run("sh", ["-c", "command -v python3"]).succeeded
        },
        arguments: [
            ["hypero-query", "rank"], ["hypero-query"], ["hypero-ingest"], ["hypero-ingest", "adopt"], ["hypero-demo"],
        ])
    func `A help text is whole in a pipe that does not block and has little room`(command: [String]) throws {
        // The reader begins when the pipe is full, or when the program has ended.
        let script = """
            import fcntl, os, select, subprocess, sys, time
            read, write = os.pipe()
            fcntl.fcntl(write, fcntl.F_SETFL, os.O_NONBLOCK)
            fcntl.fcntl(write, 1031, 4096)
            child = subprocess.Popen(sys.argv[1:], stdout=write)
            while select.select([], [write], [], 0)[1] and child.poll() is None: time.sleep(0.001)
            os.close(write)
            while block := os.read(read, 1 << 16): sys.stdout.buffer.write(block)
            sys.exit(child.wait())
            """
        let arguments = Array(command.dropFirst()) + ["--help"]
        let whole = try ChildProcess.run(command[0], arguments)
        let program = "\(ChildProcess.productsDirectory)/\(command[0])"
        let slow = try ChildProcess.run("python3", ["-c", script, program] + arguments)
        #expect(slow.succeeded && slow.stdout == whole.stdout && slow.stderr == "")
    }

    @Test func `A help text that cannot be written is an error`() throws {
        let outcome = try ChildProcess.run(
            "sh", ["-c", #""$0" rank --help > /dev/full"#, "\(ChildProcess.productsDirectory)/hypero-query"])
        #expect(outcome.ending == .exited(1))
        #expect(
            outcome.stderr == "hypero-query: cannot write to standard output: No space left on device\n")
    }
}
