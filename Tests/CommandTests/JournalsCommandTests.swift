import Foundation
import Glibc
import Hypero
import TestSupport
import Testing

/// `hypero-ingest journals`, as a node's administrator and node_exporter use it.
@Suite struct JournalsCommandTests {
    private let folder: TemporaryFolder
    private var journal: String { folder.file("journal") }

    init() throws {
        folder = try TemporaryFolder()
    }

    /// Runs a training that is killed: while Redis is down, or after Redis has received all events.
    private func killTraining(server: String = "redis://127.0.0.1:1") async {
        await #expect(processExitsWith: .signal(SIGKILL)) { [journal = journal as String, server] in
            setenv("HYPERO_JOURNAL", journal, 1)
            let hypero = try Hypero.connect(server)
            let experiment = hypero.battery("b").experiment()
            for epoch in 1...10 { experiment.log(epoch: epoch, valid: 0.5) }
            if server != "redis://127.0.0.1:1" { #expect(hypero.flush(until: .sent, timeout: .seconds(60))) }
            withExtendedLifetime((hypero, experiment)) { _ = kill(getpid(), SIGKILL) }
        }
    }

    private func journals(_ options: String...) throws -> ChildProcess.Outcome {
        try ChildProcess.run("hypero-ingest", ["journals", "--journal", journal] + options)
    }

    @Test func `The journal of a killed training is listed with its events, and its age decides its state`()
        async throws
    {
        await killTraining()
        let json = try journals("--format", "json")
        #expect(json.succeeded && json.stderr.isEmpty, "\(json)")
        let lines = json.stdout.split(separator: "\n")
        #expect(lines.count == 1)
        // battery, start and ten epochs.
        for part in [
            #""pid":null,"events":12,"unsent":12,"unsent_since":17"#, #""partition":"{hypero}""#,
            #""server":"redis://127.0.0.1:1","user":\#(geteuid()),"partitions":1,"#, #""damaged":0,"problems":[]}"#,
        ] {
            #expect(json.stdout.contains(part), "\(part): \(json.stdout)")
        }
        #expect(try Self.keys(of: lines[0]) == Self.documentedKeys())
        let name = try #require(FileManager.default.contentsOfDirectory(atPath: journal).first)
        // An hour ago, so that the training has ended for certain.
        let files = try FileManager.default.contentsOfDirectory(atPath: "\(journal)/\(name)").map { "\(name)/\($0)" }
        for file in files + [name] {
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSinceNow: -3_600)], ofItemAtPath: "\(journal)/\(file)")
        }
        let table = try journals()
        let rows = table.stdout.split(separator: "\n")
        #expect(rows.count == 2, "\(table)")
        #expect(
            rows[0].split(separator: " ").joined(separator: " ")
                == "journal state pid events unsent oldest bytes changed partition server user problems")
        #expect(rows[1].split(separator: " ").prefix(5) == [Substring(name), "orphaned", "-", "12", "12"])
        #expect(rows[1].contains("  1 h ago  {hypero}   redis://127.0.0.1:1  "))
        #expect(
            try journals("--format", "csv").stdout.hasPrefix(
                Self.documentedKeys().joined(separator: ",") + "\r\n\(name),"))
        let metrics = try journals("--format", "prometheus")
        #expect(metrics.stderr.isEmpty)
        #expect(try MetricsLint.problems(in: metrics.stdout) == [])
        for sample in [
            "hypero_journals{state=\"orphaned\"} 1", "hypero_journals{state=\"in_use\"} 0",
            "hypero_journal_unsent_events{state=\"orphaned\"} 12", "hypero_journal_problems 0",
        ] {
            #expect(metrics.stdout.contains("\n\(sample)\n"), "\(sample)")
        }
        let file = folder.file("journals.prom")
        #expect(try journals("--format", "prometheus", "--output", file).stdout.isEmpty)
        #expect(try String(contentsOfFile: file, encoding: .utf8).contains("\nhypero_journals{state=\"orphaned\"} 1\n"))
        // It stays for an adopter.
        #expect(try FileManager.default.contentsOfDirectory(atPath: journal) == [name])
    }

    @Test func `Journals without unsent events are left out on request`() async throws {
        let server = try RedisServer(appendOnly: false)
        await killTraining(server: server.url)
        #expect(try journals("--format", "json").stdout.contains(#""unsent":0,"#))
        #expect(try journals("--unsent").stdout == "no journals with unsent events\n")
        await killTraining()
        let listed = try journals("--unsent", "--format", "json").stdout.split(separator: "\n")
        #expect(listed.count == 1 && listed[0].contains(#""unsent":12,"#), "\(listed)")
        #expect(try journals("--unsent", "--format", "prometheus").stdout.contains("hypero_journal_events{"))
    }

    @Test func `Other entries are said, and are no error`() throws {
        try FileManager.default.createDirectory(atPath: journal, withIntermediateDirectories: false)
        #expect(try journals().stdout == "no journals\n")
        try Data().write(to: URL(fileURLWithPath: "\(journal)/no\u{1B}tes"))
        let outcome = try journals()
        #expect(outcome.succeeded && outcome.stdout == "no journals\n")
        #expect(
            outcome.stderr == "hypero-ingest: ignored, because the names are not those of journals: no\u{FFFD}tes\n")
        #expect(try journals("--format", "prometheus").stderr.isEmpty)
    }

    @Test func `A folder that does not exist and a file that cannot be written are errors`() throws {
        let missing = try journals()
        #expect(missing.ending == .exited(1) && missing.stdout.isEmpty)
        #expect(missing.stderr.hasPrefix("hypero-ingest: cannot read the journal folder: "))
        try FileManager.default.createDirectory(atPath: journal, withIntermediateDirectories: false)
        let unwritable = try journals("--output", folder.file("nowhere/journals.prom"))
        #expect(unwritable.ending == .exited(1))
        #expect(unwritable.stderr.hasSuffix("/nowhere/journals.prom: its folder does not exist\n"), "\(unwritable)")
        #expect(try journals("--format", "xml").ending == .exited(64))
    }

    /// Returns the keys that the article about JSON lists.
    private static func documentedKeys() throws -> [String] {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let article = try String(
            contentsOf: root.appendingPathComponent("Sources/HyperoQuery/HyperoQuery.docc/JSONOutput.md"),
            encoding: .utf8)
        let section = try #require(article.components(separatedBy: "\n### journals\n").dropFirst().first)
            .components(separatedBy: "\n### ")[0]
        return section.split(separator: "\n").compactMap { line in
            line.hasPrefix("| `") ? line.split(separator: "`").dropFirst().first.map(String.init) : nil
        }
    }

    private static func keys(of line: Substring) throws -> [String] {
        line.matches(of: /[{,]"([a-z_]+)":/).map { String($0.1) }
    }
}
