import ChaosLog
import HyperoCore
import HyperoRedis
import HyperoSchema
import TestSupport
import Testing

@testable import chaos

@Suite("The oracle of the chaos run tells each kind of difference from the others")
struct OracleTests {
    private static let producer = "k3v9x2mq7d"
    private static let experiment = "k3v9x2mq7d-1"
    private let keyspace: Keyspace
    private let folder: TemporaryFolder

    init() throws {
        keyspace = try Keyspace.all()[0]
        folder = try TemporaryFolder()
    }

    private static let story: [SideLine] = [
        .client(pid: 17, seed: 4, isShared: false), .begin(battery: 0), .began(experiment: experiment),
        .param(name: "steps", value: 1), .row(epoch: 1, valid: 0.25), .row(epoch: 2, valid: 0.5),
        .param(name: "steps", value: 2), .row(epoch: 1, valid: 0.75), .curve(first: 1, losses: [3, 2]),
        .maxima(epoch: 2, valid: 0.5), .end, .over,
    ]

    /// Writes a side file, each line with a count of drops.
    private func write(_ lines: [SideLine], drops: [Int: UInt64] = [:]) throws {
        let side = try #require(SideFile(path: folder.file("1-4-1.side")))
        var dropped: UInt64 = 0
        for (index, line) in lines.enumerated() {
            dropped = drops[index] ?? dropped
            side.write(line, dropped: dropped)
        }
    }

    /// What the indexes hold when the story was applied as the change has it.
    private func applied(_ change: (inout [Event.Body]) -> Void = { _ in }) throws -> PartitionContent {
        var bodies = [
            Event.Body.battery(History.declaration(0)),
            .start(Event.Start(host: HostIdentity.hostName, pid: "17", seed: "4")),
        ]
        bodies += Self.story.compactMap { Event.Body($0) }
        change(&bodies)
        let producer = try #require(ProducerID(Self.producer))
        let entries = bodies.enumerated().map { index, body in
            var experiment = ExperimentID(Self.experiment)
            if case .battery = body { experiment = nil }
            return StreamEntry(
                id: StreamID(milliseconds: UInt64(index + 1), sequence: 0),
                Event(
                    experiment: experiment, battery: History.battery(0),
                    origin: Event.Origin(producer: producer, seq: UInt64(index + 1)), time: Int64(index), body: body))
        }
        return NaiveModel.content(of: entries, in: keyspace)
    }

    private func verdict(on content: PartitionContent) throws -> Verdict {
        Oracle.judge(try SideReader(folder: folder.path), against: content, in: keyspace)
    }

    @Test("All as it was logged: no difference")
    func good() throws {
        try write(Self.story)
        let verdict = try verdict(on: try applied())
        #expect(verdict.isGood, "\(verdict.text)")
        #expect(verdict.accepted == 10)
        #expect(verdict.indeterminate == 0)
    }

    @Test("A row that is not there is lost")
    func lost() throws {
        try write(Self.story)
        let verdict = try verdict(on: try applied { $0.remove(at: 4) })
        #expect(verdict.lost.count == 1)
        #expect(verdict.duplicated.count + verdict.phantom.count + verdict.misordered.count == 0, "\(verdict.text)")
        #expect(!verdict.differences.isEmpty)
    }

    @Test("A row whose place another took later is lost all the same")
    func lostUnderAnother() throws {
        try write(Self.story)
        let verdict = try verdict(on: try applied { $0.remove(at: 3) })
        #expect(verdict.lost.count == 1)
        #expect(verdict.duplicated.count + verdict.phantom.count + verdict.misordered.count == 0, "\(verdict.text)")
    }

    @Test("An experiment that is not there is lost with all its events")
    func lostExperiment() throws {
        try write(Self.story)
        #expect(try verdict(on: PartitionContent()).lost.count == 10)
    }

    @Test("A row that was applied twice is duplicated")
    func duplicated() throws {
        try write(Self.story)
        let verdict = try verdict(on: try applied { $0.insert($0[4], at: 5) })
        #expect(verdict.duplicated.count == 1)
        #expect(verdict.lost.count + verdict.phantom.count + verdict.misordered.count == 0, "\(verdict.text)")
    }

    @Test("An event of no row that was applied twice is a difference")
    func duplicatedName() throws {
        try write(Self.story)
        let verdict = try verdict(on: try applied { $0.insert($0[2], at: 3) })
        #expect(!verdict.isGood)
        #expect(verdict.differences.contains("applied: 11"))
    }

    @Test("What nobody logged is a phantom")
    func phantom() throws {
        try write(Self.story)
        let verdict = try verdict(
            on: try applied { bodies in
                bodies.append(.epoch(9, [CurveRow.Cell("valid", Number(1)), CurveRow.Cell("tick", Number(.nan))]))
                bodies.append(.param([Event.Entry("depth", "3")]))
            })
        #expect(verdict.phantom.count == 3, "\(verdict.text)")
        #expect(verdict.lost.count + verdict.misordered.count == 0)
    }

    @Test("An experiment that nobody began is a phantom")
    func phantomExperiment() throws {
        let verdict = try verdict(on: try applied())
        #expect(verdict.phantom.count == 1)
    }

    @Test("A name and a cell that end at an earlier value are misordered")
    func misordered() throws {
        try write(Self.story)
        let verdict = try verdict(
            on: try applied { bodies in
                bodies.swapAt(2, 5)
                bodies.swapAt(3, 6)
            })
        #expect(verdict.misordered.count == 2, "\(verdict.text)")
        #expect(verdict.lost.count + verdict.duplicated.count + verdict.phantom.count == 0)
    }

    @Test("The last call of a killed training may be there or not", arguments: [true, false])
    func cutShort(isThere: Bool) throws {
        try write(Array(Self.story[...5]))
        let verdict = try verdict(on: try applied { $0 = Array($0[..<(isThere ? 5 : 4)]) })
        #expect(verdict.isGood, "\(verdict.text)")
        #expect(verdict.indeterminate == 1)
        #expect(verdict.recovered == (isThere ? 1 : 0))
    }

    @Test("So may an experiment whose id could not be written down, or its declaration alone", arguments: 0...2)
    func cutShortBegin(events: Int) throws {
        try write(Array(Self.story[...1]))
        let content = events == 0 ? PartitionContent() : try applied { $0 = Array($0[..<events]) }
        let verdict = try verdict(on: content)
        #expect(verdict.isGood, "\(verdict.text)")
        #expect(verdict.indeterminate == 1)
        #expect(verdict.recovered == min(events, 1))
    }

    @Test("So may the declaration of a further experiment, but not two of them", arguments: 1...2)
    func cutShortFurtherBegin(declarations: Int) throws {
        try write(Array(Self.story.dropLast()) + [.begin(battery: 0)])
        let verdict = try verdict(
            on: try applied { $0 += Array(repeating: .battery(History.declaration(0)), count: declarations) })
        #expect(verdict.isGood == (declarations == 1), "\(verdict.text)")
    }

    @Test("What a client dropped and counted need not be there")
    func dropped() throws {
        try write(Self.story, drops: [5: 1])
        let verdict = try verdict(on: try applied { $0.remove(at: 3) })
        #expect(verdict.isGood, "\(verdict.text)")
        #expect(verdict.dropped == 1)
    }

    @Test("A side file is read as it was written, without a line that a kill cut off")
    func sideFile() throws {
        let text = Self.story.map { "3 \($0.text)\n" }.joined() + "3 row 17 0."
        let lines = try #require(SideFile.read(text))
        #expect(lines.map(\.line) == Self.story)
        #expect(lines.allSatisfy { $0.dropped == 3 })
        #expect(SideFile.read("3 nonsense\n") == nil)
    }
}
