import Foundation
import HyperoCore
import HyperoRedis
import HyperoSchema
import Logging
import TestSupport
import Testing

@testable import HyperoIngest

/// A rebuild part by part, without processes.
@Suite struct RebuildPartTests {
    private let fixture: IngestFixture
    private var keyspace: Keyspace { fixture.keyspace }
    private let battery = BatteryID("b")!

    init() throws {
        fixture = try IngestFixture()
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../Fixtures/format-1.redis").standardized.path
        let lines = try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n")
        try fixture.run(lines.filter { $0.hasPrefix("XADD") }.joined(separator: "\n") + "\n")
        try fixture.drain("--retain", "1000")
    }

    private func rebuild(_ command: StreamID) -> Rebuild {
        Rebuild(
            command, of: nil, in: keyspace,
            logger: RateLimitedLogger(IngestFixture.silentLogger),
            isShutdownRequested: { false })
    }

    private func falsify() {
        let ranks = ["valid", "test", "train", "loss", "accuracy"].map { keyspace.rank(of: battery, by: $0) }
        let server = fixture.server
        server.cli(
            ["DEL", keyspace.batteries, keyspace.columns(of: battery), keyspace.experiments(of: battery)] + ranks)
        server.cli("ZADD", ranks[0], "1", "gone-1", "0.1", "curve")
        server.cli("ZADD", keyspace.experiments(of: battery), "1", "gone-1")
        server.cli("HDEL", keyspace.experiment(ExperimentID("curve")!), "max.test", "max.epoch", "epochs")
        server.cli("HSET", keyspace.experiment(ExperimentID("stated")!), "max.valid", "9", "max.more", "1")
    }

    @Test func `A rebuild that ends after any of its transactions and starts again derives the same keys`() throws {
        let before = try fixture.indexes()
        var connection = try fixture.connect()
        var fence = try fixture.makeFence(over: &connection)
        var wholeCount: Int?
        for cut in (0...).prefix(100) {
            falsify()
            #expect(try fixture.indexes() != before)
            let command = StreamID(milliseconds: UInt64(cut) + 1, sequence: 0)
            var current = rebuild(command)
            var step = Rebuild.Step.paused
            // Each slice has ended when it begins, so that it does one part.
            for _ in 0..<cut where step == .paused {
                step = try current.run(until: .now, fence: &fence, over: &connection)
            }
            let isWhole = step == .done
            if !isWhole {
                current = rebuild(command)
                step = try current.run(until: .now + .seconds(60), fence: &fence, over: &connection)
            }
            #expect(step == .done)
            #expect(try fixture.indexes() == before, "after \(cut) parts")
            #expect(try fixture.metric(IngestField.control) == command.description)
            let summary = RebuildSummary(text: try #require(try fixture.metric(IngestField.rebuilt)), of: command)
            #expect(summary?[.experiments] == 6 && summary?[.errors] == 0)
            if cut == 0 { wholeCount = summary?.changeCount }
            if isWhole {
                #expect(summary?.changeCount == wholeCount)
                #expect(cut > 5)
                return
            }
        }
        Issue.record("the rebuild did not end")
    }

    @Test func `Another owner stops a rebuild`() throws {
        falsify()
        let before = try fixture.indexes()
        var connection = try fixture.connect()
        var fence = try fixture.makeFence(over: &connection)
        fixture.server.cli("SET", keyspace.lease, "another")
        var current = rebuild(StreamID(milliseconds: 1, sequence: 0))
        let step = try current.run(until: .now + .seconds(60), fence: &fence, over: &connection)
        #expect(step == .stopped)
        #expect(try fixture.indexes() == before)
    }

    @Test func `The numbers of a rebuild are read for their own command only, and bad ones are ignored`() {
        let command = StreamID(milliseconds: 7, sequence: 1)
        var summary = RebuildSummary()
        for (index, count) in RebuildSummary.Count.allCases.enumerated() { summary[count] = index + 1 }
        #expect(RebuildSummary(text: summary.text(of: command), of: command) == summary)
        #expect(RebuildSummary(text: summary.text(of: command), of: command.next) == nil)
        #expect(RebuildSummary(text: "", of: command) == nil)
        let read = RebuildSummary(text: "7-1 values=x listed=-3 ranked= other=5 columns=4", of: command)
        #expect(read?.changeCount == 4 && read?[.columns] == 4)
    }
}
