import HyperoSchema
import TestSupport
import Testing

@Suite struct ExportMemoryTests {
    /// Writes a battery of experiments of six hyper-parameters.
    private func fixture(experiments count: Int, on server: RedisServer) throws -> Fixture {
        let fixture = try Fixture(on: server)
        let battery = fixture.battery("many")
        let params: KeyValuePairs = [
            "depth": "3", "dropout": "0.25", "hidden": "128", "layers": "[128,64]", "lr": "0.1234",
            "momentum": "0.8123",
        ]
        for number in 1...count {
            fixture.experiment("a-\(number)", of: battery, maxima: ["valid": "0.\(number)"], params: params)
            if number % 2_000 == 0 { try fixture.commit() }
        }
        try fixture.commit()
        return fixture
    }

    /// Returns the highest memory of an export that was seen while it ran, in bytes.
    private func peak(_ arguments: [String], on fixture: Fixture) throws -> Int {
        let export = try ChildProcess(
            "hypero-query",
            ["export", "many", "--redis", fixture.server.url, "--namespace", fixture.namespace] + arguments)
        var peak = 0
        while export.isRunning { peak = max(peak, (try? ProcessMemory.peak(of: export.pid)) ?? 0) }
        #expect(export.wait() == .exited(0))
        return peak
    }

    @Test func `The memory of an export does not grow with the number of experiments`() throws {
        let server = try RedisServer(appendOnly: false)
        let fewExperiments = try fixture(experiments: 4_000, on: server)
        let manyExperiments = try fixture(experiments: 24_000, on: server)
        for options in [[], ["--order-by", "valid"], ["--curves"]] {
            let small = try peak(options, on: fewExperiments)
            let large = try peak(options, on: manyExperiments)
            // The 20,000 rows more are about 2.5 MiB as text, and several times that as values.
            #expect(
                large < small + 2 << 20, "\(options): \(small) bytes for 4,000 experiments, and \(large) for 24,000")
        }
    }
}
