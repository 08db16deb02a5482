import TestSupport
import Testing

@Suite struct HelpTests {
    @Test(arguments: [
        ["hypero-ingest"], ["hypero-ingest", "run"], ["hypero-ingest", "adopt"], ["hypero-ingest", "requeue"],
        ["hypero-ingest", "delete"], ["hypero-query"], ["hypero-query", "batteries"], ["hypero-query", "rank"],
        ["hypero-query", "experiments"], ["hypero-query", "show"], ["hypero-query", "curves"],
        ["hypero-query", "compare"], ["hypero-query", "status"], ["hypero-query", "dead"],
        ["hypero-query", "versions"], ["hypero-query", "columns"], ["hypero-query", "importance"],
        ["hypero-query", "export"], ["hypero-query", "watch"], ["hypero-demo"],
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
}
