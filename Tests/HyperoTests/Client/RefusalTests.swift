import HyperoSchema
import TestSupport
import Testing

@testable import Hypero

@Suite("Calls that violate the contract")
struct RefusalTests {
    @Test(arguments: [
        Event.Declaration(name: "", version: 1, description: ""),
        Event.Declaration(name: "a\nb", version: 1, description: ""),
        Event.Declaration(name: String(repeating: "n", count: 257), version: 1, description: ""),
        Event.Declaration(name: "b", version: 1, description: "", objective: "epoch"),
        Event.Declaration(name: "b", version: .max, description: ""),
        Event.Declaration(name: "b", version: .min, description: ""),
    ])
    func `Events of an invalid battery are counted as invalid and reported once`(declaration: Event.Declaration) throws
    {
        let fixture = try ClientFixture()
        let client = try fixture.client()
        let battery = Hypero(client).battery(
            declaration.name, version: declaration.version, description: declaration.description,
            objective: declaration.objective)
        let experiment = battery.experiment()
        experiment.insertHP("x", 1)
        experiment.log(epoch: 1, train: 1)
        experiment.log(epoch: 1, ["a": 1])
        experiment.updateLearningCurve(train: [1])
        #expect(client.counters.accepted == 0)
        #expect(client.counters.dropped.invalid == 6)
        #expect(
            fixture.recorder.count(containing: "the battery ") + fixture.recorder.count(containing: "objective") == 1)
    }

    @Test func `Events with invalid names, values or epochs are counted and reported a few times`() throws {
        let fixture = try ClientFixture()
        let client = try fixture.client()
        let experiment = Hypero(client).battery("b").experiment()
        let begun = client.counters.accepted
        let tooLong = String(repeating: "n", count: 257)
        let calls: [() -> Void] = [
            { experiment.insertHP("", 1) }, { experiment.insertHP("a\u{85}b", 1) }, { experiment.insertHP(tooLong, 1) },
            { experiment.insertHP("x", String(repeating: "v", count: 65_537)) },
            { experiment.insertHP("x", Array(repeating: 0.123456789, count: 10_000)) },
            { _ = experiment.uniform("", 0, 1) }, { experiment.updateMeta("\0", 1) },
            { experiment.log(epoch: -1, train: 1) }, { experiment.log(epoch: 1 << 53, train: 1) },
            { experiment.log(epoch: .min, ["a": 1]) }, { experiment.log(epoch: 1) }, { experiment.log(epoch: 1, [:]) },
            { experiment.log(epoch: 1, ["source": 1]) }, { experiment.log(epoch: 1, ["": 1]) },
            { experiment.updateMaxima() },
            { experiment.updateMaxima(["epoch": 1]) }, { experiment.updateLearningCurve() },
            { experiment.updateLearningCurve(first: -1, ["a": [1]]) },
            { experiment.updateLearningCurve(first: .max, ["a": [1]]) },
            { experiment.updateLearningCurve(["a": [1], "a\n": [1]]) },
        ]
        for (index, call) in calls.enumerated() {
            call()
            #expect(client.counters.dropped.invalid == UInt64(index + 1))
        }
        #expect(client.counters.accepted == begun)
        let shown = fixture.recorder.count(containing: "not recorded")
        // Every rejected event is counted. Those of a loop are reported five times, and hide no other reason.
        for epoch in 1...1_000 { experiment.log(epoch: -epoch, train: 1) }
        experiment.insertHP("x", String(repeating: "v", count: 70_000))
        #expect(fixture.recorder.count(containing: "not recorded") == shown)
        #expect((10...calls.count).contains(shown))
        for reason in ["control characters", "65536 are allowed", "must be integers from 0", "is reserved"] {
            #expect(fixture.recorder.count(containing: reason) >= 1, "\(reason)")
        }
    }

    @Test func `A full journal is reported once, and at the end with the number of dropped events`() throws {
        let fixture = try ClientFixture()
        let client = try fixture.client {
            $0.segmentSize = 8 << 10
            $0.journalLimit = 16 << 10
        }
        let experiment = Hypero(client).battery("b").experiment()
        for epoch in 0..<10_000 { experiment.log(epoch: epoch, train: 1) }
        let count = client.counters.dropped.journalFull
        #expect(count > 0)
        #expect(eventually { fixture.recorder.count(containing: "events not recorded: the journal is full") == 1 })
        _ = client.close(timeout: .zero)
        let message = "events not recorded: \(count), because the journal was full"
        #expect(eventually { fixture.recorder.count(containing: message) == 1 })
        #expect(fixture.recorder.count(containing: "events not recorded") == 2)
    }

    @Test func `Events at the limits of the contract are accepted and can be decoded`() throws {
        let fixture = try ClientFixture()
        let client = try fixture.client { $0.segmentSize = 8 << 20 }
        let name = String(repeating: "n", count: 256)
        let value = String(repeating: "v", count: 65_536)
        let battery = Hypero(client).battery(name, version: 1 << 53 - 1, description: value, objective: name)
        let experiment = battery.experiment()
        experiment.insertHP(name, value)
        experiment.log(epoch: 1 << 53 - 1, [name: 1])
        let longest = Array(repeating: -2.2250738585072014e-308, count: 3_000)
        experiment.updateLearningCurve([
            name: longest, "1": longest, "2": longest, "3": longest, "4": longest, "5": longest, "6": longest,
            "7": longest, "8": longest, "9": longest, "10": longest, "11": longest, "12": longest, "13": longest,
            "14": longest, "15": longest, "16": longest,
        ])
        experiment.updateLearningCurve(first: 1 << 53 - 1_000, ["a": Array(repeating: 1, count: 900)])
        #expect(client.counters.dropped.total == 0)
        #expect(try client.renderedEntries().count == Int(client.counters.accepted))
    }
}
