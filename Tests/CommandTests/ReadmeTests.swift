import Foundation
import Hypero
import TestSupport
import Testing

@Suite struct ReadmeTests {
    /// The logging example of the README. `Scripts/test` runs the commands of the README.
    private static func logExample(to hypero: Hypero) -> Bool {
        // begin
        let battery = hypero.battery("RNN Visual Attention", version: 3, description: "fixed bug in Sequencer")
        let experiment = battery.experiment()

        let lr = experiment.logUniform("lr", 0.00001, 0.1)
        let decay = experiment.categorical("lr decay", ["linear": 0.8, "adaptive": 0.2])
        let size = experiment.categorical("size", [16, 32, 64])
        let saturate = experiment.normal("saturate", mean: 600, standardDeviation: 200)
        let depth = experiment.randint("depth", 1, 7)
        let p = experiment.uniform("dropout", 0, 0.5)
        experiment.insertVarHP("channel", [64, 128, 256])
        experiment.insertHP("bs", 64)

        experiment.log(epoch: 17, train: 0.91, valid: 0.80, test: 0.79)
        experiment.log(epoch: 17, ["loss": 0.31])
        experiment.log(epoch: 17, zip(["top 1", "top 5"], [0.8, 0.95]))
        experiment.updateLearningCurve(train: [0.7, 0.9], valid: [0.6, 0.8], test: [0.6, 0.8])
        experiment.updateMaxima(train: 0.99, valid: 0.87, test: 0.86)

        experiment.updateName("wide")
        experiment.updateDataset("digits")
        experiment.updateMeta("commit", "4f2a91c")
        experiment.updateHostname("node7")
        experiment.updatePreprocess("zca")
        experiment.updateSavepath("/models/17")
        experiment.finish()

        battery.withExperiment { $0.log(epoch: 1, valid: 0.7) }
        let resumed = battery.experiment(resuming: experiment.id, from: 18)
        resumed.finish()

        let isApplied = hypero.flush(until: .applied, timeout: .seconds(5))
        hypero.close()
        // end
        _ = (lr, decay, size, saturate, depth, p)
        return isApplied
    }

    @Test func `The logging example of the README ranks its experiment by the stated maxima`() throws {
        let server = try RedisServer()
        let ingest = try ChildProcess("hypero-ingest", ["--redis", server.url])
        defer { ingest.kill() }
        // The example waits for only five seconds, and the ingest may need longer to start on a busy machine.
        #expect(eventually { server.cli("EXISTS", "{hypero}:ingest:lease") == "1" })
        #expect(Self.logExample(to: try Hypero.connect(server.url)))
        let ranking = try ChildProcess.run(
            "hypero-query", ["rank", "RNN Visual Attention", "--redis", server.url, "--format", "json"],
            within: .seconds(30))
        #expect(ranking.stdout.contains("\"value\":0.87"))
    }

    @Test func `The logging example of the README has the same statements as the tested code`() throws {
        let own = URL(fileURLWithPath: #filePath)
        let root = own.deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let readme = try String(contentsOf: root.appendingPathComponent("README.md"), encoding: .utf8)
        let source = try String(contentsOf: own, encoding: .utf8)
        let example = try #require(readme.components(separatedBy: "```swift\n").dropFirst().first)
            .components(separatedBy: "```\n")[0]
        let tested = try #require(source.components(separatedBy: "// begin\n").dropFirst().first)
            .components(separatedBy: "// end\n")[0]
        let statements = Self.statements(of: example).drop { !$0.hasPrefix("let battery") }
        #expect(Array(statements) == Self.statements(of: tested))
    }

    /// Returns the statements of Swift code without comments, with the result of `flush` ignored.
    private static func statements(of code: String) -> [String] {
        code.split(separator: "\n").flatMap { line in
            String(line).components(separatedBy: "  //")[0].components(separatedBy: "; ")
        }
        .map { $0.trimmingCharacters(in: .whitespaces).replacingOccurrences(of: "let isApplied = ", with: "") }
        .filter { !$0.isEmpty }
    }
}
