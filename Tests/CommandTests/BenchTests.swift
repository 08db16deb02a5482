import Foundation
import TestSupport
import Testing

@Suite struct BenchTests {
    @Test(arguments: ["log", "send", "apply", "end-to-end", "query", "memory", "killed", "search"])
    func `Each section of hypero-bench prints its figures as JSON lines`(_ name: String) throws {
        let outcome = try ChildProcess.run("hypero-bench", [name, "--divide", "1000", "--json"], within: .seconds(120))
        try #require(outcome.succeeded, "\(outcome.stderr)")
        let lines = try outcome.stdout.split(separator: "\n").map { line in
            try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        }
        let machine = try #require(lines.first)
        #expect(machine["cores"] is Int && machine["command"] is String && machine["redis"] is String)
        #expect(lines.count > 1)
        for row in lines.dropFirst() {
            #expect(row["section"] as? String == name)
            #expect(row["subject"] is String && row["figure"] is String && row["unit"] is String)
            #expect(row["value"] is Double, "\(row)")
        }
        // The number of lost rows does not depend on the speed of the machine.
        let lost = lines.filter { $0["figure"] as? String == "rows lost" }
        #expect(lost.allSatisfy { $0["value"] as? Double == 0 })
    }

    @Test func `hypero-bench prints a table with targets and results unless --json is given`() throws {
        let outcome = try ChildProcess.run("hypero-bench", ["send", "--divide", "1000"], within: .seconds(120))
        #expect(outcome.stdout.contains("== send\n"))
        #expect(outcome.stdout.contains(">= 0.950 of it"))
        #expect(outcome.stdout.contains(" met") || outcome.stdout.contains("NOT MET"))
    }
}
