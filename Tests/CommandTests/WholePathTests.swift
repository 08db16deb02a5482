import Hypero
import TestSupport
import Testing

@Suite struct WholePathTests {
    @Test(arguments: [1, 4])
    func `An experiment logged by a client is ranked and shown by hypero-query`(partitions: Int) throws {
        let server = try RedisServer()
        let ingest = try ChildProcess("hypero-ingest", ["--redis", server.url, "--partitions", "\(partitions)"])
        defer { ingest.kill() }
        // Each client is a new producer, so that several partitions have experiments to rank.
        var ids: [Double: String] = [:]
        for node in 1...6 {
            let hypero = try Hypero.connect(server.url, partitions: partitions, seed: UInt64(node))
            let experiment = hypero.experiment("RNN Visual Attention", version: 3, description: "fixed bug")
            let best = Double(node) / 10
            ids[best] = experiment.id
            experiment.insertHP("node", node)
            experiment.log(epoch: 1, train: 0.99, valid: best, test: best / 2)
            experiment.log(epoch: 2, train: 1, valid: best / 4, test: 1)
            experiment.finish()
            #expect(hypero.flush(until: .applied, timeout: .seconds(60)))
            #expect(hypero.close())
        }

        let ranking = try ChildProcess.run(
            "hypero-query",
            ["rank", "RNN Visual Attention", "--redis", server.url, "--limit", "3", "--format", "json"],
            within: .seconds(30))
        #expect(ranking.succeeded, "\(ranking.stderr)")
        let lines = ranking.stdout.split(separator: "\n")
        try #require(lines.count == 3)
        for (line, best) in zip(lines, [0.6, 0.5, 0.4]) {
            #expect(line.contains("\"experiment\":\"\(ids[best] ?? "")\""))
            #expect(line.contains("\"value\":\(best)"))
            #expect(line.contains("\"test\":\(best / 2)"))
        }

        let shown = try ChildProcess.run(
            "hypero-query", ["show", ids[0.6] ?? "", "--redis", server.url], within: .seconds(30))
        #expect(shown.succeeded, "\(shown.stderr)")
        #expect(shown.stdout.contains("RNN Visual Attention"))

        ingest.terminate()
        #expect(ingest.wait(within: .seconds(30)) == .exited(0))
    }
}
