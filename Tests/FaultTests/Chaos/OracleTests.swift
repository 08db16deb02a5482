import ChaosLog
import HyperoCore
import HyperoRedis
import HyperoSchema
import TestSupport
import Testing

@testable import chaos

@Suite("The oracle of the chaos run")
struct OracleTests {
    private static let producer = "k3v9x2mq7d"
    private static let experiment = "k3v9x2mq7d-1"
    private let keyspace: Keyspace
    private let folder: TemporaryFolder

    init() throws {
        keyspace = try Keyspace.all()[0]
        folder = try TemporaryFolder()
    }

    private static let logged: [SideLine] = [
        .client(pid: 17, seed: 4, isShared: false), .begin(battery: 0), .began(experiment: experiment),
        .param(name: "steps", value: 1), .row(epoch: 1, valid: 0.25), .row(epoch: 2, valid: 0.5),
        .param(name: "steps", value: 2), .row(epoch: 1, valid: 0.75), .curve(first: 1, losses: [3, 2]),
        .maxima(epoch: 2, valid: 0.5), .end, .over,
    ]

    /// Writes a side file.
    ///
    /// - Parameter drops: the counts of dropped events, by the index of the first line with the count.
    private func write(_ lines: [SideLine], drops: [Int: UInt64] = [:], to name: String = "1-4-1.side") throws {
        let side = try #require(SideFile(path: folder.file(name)))
        var dropped: UInt64 = 0
        for (index, line) in lines.enumerated() {
            dropped = drops[index] ?? dropped
            side.write(line, dropped: dropped)
        }
    }

    /// Returns the indexes after the logged events, with a change of them, were applied.
    private func applied(_ change: (inout [Event.Body]) -> Void = { _ in }) throws -> PartitionContent {
        var bodies = [Event.Body.battery(History.declaration(0)), .start(start)]
        bodies += Self.logged.compactMap { Event.Body($0) }
        change(&bodies)
        return NaiveModel.content(of: try entries(of: bodies), in: keyspace)
    }

    private var start: Event.Start { Event.Start(host: HostIdentity.hostName, pid: "17", seed: "4") }

    /// Returns the stream entries of the parent's events.
    private func entries(of bodies: [Event.Body], battery: Int = 0) throws -> [StreamEntry] {
        let producer = try #require(ProducerID(Self.producer))
        return bodies.enumerated().map { index, body in
            var experiment = ExperimentID(Self.experiment)
            if case .battery = body { experiment = nil }
            return StreamEntry(
                id: StreamID(milliseconds: UInt64(index + 1), sequence: 0),
                Event(
                    experiment: experiment, battery: History.battery(battery),
                    origin: Event.Origin(producer: producer, seq: UInt64(index + 1)), time: Int64(index), body: body))
        }
    }

    private func verdict(on content: PartitionContent) throws -> Verdict {
        try Oracle.judge(
            SideReader(folder: folder.path), against: [FoundPartition(keyspace: keyspace, content: content)])
    }

    @Test func `A partition that several deployments of a run have is judged once`() throws {
        let tags = try Testbed.keyspaces.map(\.tag)
        #expect(tags.sorted() == ["{hypero:0}", "{hypero:1}", "{hypero:2}", "{hypero}"])
    }

    @Test func `The oracle finds no difference if every logged event is applied once`() throws {
        try write(Self.logged)
        let verdict = try verdict(on: try applied())
        #expect(verdict.isGood, "\(verdict.text)")
        #expect(verdict.accepted == 10)
        #expect(verdict.indeterminate == 0)
    }

    @Test func `The oracle reports a missing row as lost`() throws {
        try write(Self.logged)
        let verdict = try verdict(on: try applied { $0.remove(at: 4) })
        #expect(verdict.lost.count == 1)
        #expect(verdict.duplicated.count + verdict.phantom.count + verdict.misordered.count == 0, "\(verdict.text)")
        #expect(!verdict.differences.isEmpty)
    }

    @Test func `The oracle reports a missing row as lost even if a later row has the same epoch`() throws {
        try write(Self.logged)
        let verdict = try verdict(on: try applied { $0.remove(at: 3) })
        #expect(verdict.lost.count == 1)
        #expect(verdict.duplicated.count + verdict.phantom.count + verdict.misordered.count == 0, "\(verdict.text)")
    }

    @Test func `The oracle reports every event of a missing experiment as lost`() throws {
        try write(Self.logged)
        #expect(try verdict(on: PartitionContent()).lost.count == 10)
    }

    @Test func `The oracle reports a row that was applied twice as duplicated`() throws {
        try write(Self.logged)
        let verdict = try verdict(on: try applied { $0.insert($0[4], at: 5) })
        #expect(verdict.duplicated.count == 1)
        #expect(verdict.lost.count + verdict.phantom.count + verdict.misordered.count == 0, "\(verdict.text)")
    }

    @Test func `The oracle reports a difference if a parameter was applied twice`() throws {
        try write(Self.logged)
        let verdict = try verdict(on: try applied { $0.insert($0[2], at: 3) })
        #expect(!verdict.isGood)
        #expect(verdict.differences.contains("applied: 11"))
    }

    @Test func `The oracle reports values that were never logged as phantoms`() throws {
        try write(Self.logged)
        let verdict = try verdict(
            on: try applied { bodies in
                bodies.append(.epoch(9, [CurveRow.Cell("valid", Number(1)), CurveRow.Cell("tick", Number(.nan))]))
                bodies.append(.param([Event.Entry(name: "depth", value: "3")]))
            })
        #expect(verdict.phantom.count == 3, "\(verdict.text)")
        #expect(verdict.lost.count + verdict.misordered.count == 0)
    }

    @Test func `The oracle reports an experiment that was never begun as a phantom`() throws {
        let verdict = try verdict(on: try applied())
        #expect(verdict.phantom.count == 1)
    }

    @Test func `The oracle reports a name or a cell with an outdated value as misordered`() throws {
        try write(Self.logged)
        let verdict = try verdict(
            on: try applied { bodies in
                bodies.swapAt(2, 5)
                bodies.swapAt(3, 6)
            })
        #expect(verdict.misordered.count == 2, "\(verdict.text)")
        #expect(verdict.lost.count + verdict.duplicated.count + verdict.phantom.count == 0)
    }

    @Test(arguments: [true, false])
    func `The oracle accepts the last call of a killed training whether it is applied or not`(isPresent: Bool) throws {
        try write(Array(Self.logged[...5]))
        let verdict = try verdict(
            on: try applied { $0 = Array($0[..<(isPresent ? 5 : 4)]) + [.end(.lost, reason: nil)] })
        #expect(verdict.isGood, "\(verdict.text)")
        #expect(verdict.indeterminate == 1)
        #expect(verdict.recovered == (isPresent ? 1 : 0))
    }

    @Test(arguments: 0...2)
    func `The oracle accepts an experiment without a recorded id as absent, declared or started`(events: Int) throws {
        try write(Array(Self.logged[...1]))
        // The adopter ends an experiment that has started.
        let lost: [Event.Body] = events == 2 ? [.end(.lost, reason: nil)] : []
        let content = events == 0 ? PartitionContent() : try applied { $0 = Array($0[..<events]) + lost }
        let verdict = try verdict(on: content)
        #expect(verdict.isGood, "\(verdict.text)")
        #expect(verdict.indeterminate == 1)
        #expect(verdict.recovered == min(events, 1))
    }

    @Test(arguments: 1...2)
    func `The oracle accepts one unrecorded declaration of a further experiment, but not two`(declarations: Int) throws
    {
        try write(Array(Self.logged.dropLast()) + [.begin(battery: 0)])
        let verdict = try verdict(
            on: try applied { $0 += Array(repeating: .battery(History.declaration(0)), count: declarations) })
        #expect(verdict.isGood == (declarations == 1), "\(verdict.text)")
    }

    @Test func `The oracle does not expect an event that the client dropped and counted`() throws {
        try write(Self.logged, drops: [5: 1])
        let verdict = try verdict(on: try applied { $0.remove(at: 3) })
        #expect(verdict.isGood, "\(verdict.text)")
        #expect(verdict.dropped == 1)
    }

    /// The side file of a child that logs one row to the parent's experiment.
    private static let inherited: [SideLine] = [
        .client(pid: 18, seed: 4, isShared: false), .inherited(experiment: experiment, battery: 0),
        .row(epoch: 1_000_001, valid: 0.5), .producer(id: child, seed: 5), .over,
    ]
    private static let child = "aaaaaaaaa1"

    /// Returns the indexes of the logged events and of the given ones of the child.
    private func applied(child bodies: [Event.Body]) throws -> PartitionContent {
        let parent = [.battery(History.declaration(0)), .start(start)] + Self.logged.compactMap { Event.Body($0) }
        return try applied(parent: parent, child: bodies)
    }

    private func applied(parent: [Event.Body], child bodies: [Event.Body]) throws -> PartitionContent {
        let child = try #require(ProducerID(Self.child))
        var entries = try entries(of: parent)
        for (index, body) in bodies.enumerated() {
            var experiment = ExperimentID(Self.experiment)
            if case .battery = body { experiment = nil }
            entries.append(
                StreamEntry(
                    id: StreamID(milliseconds: 1_000, sequence: UInt64(index)),
                    Event(
                        experiment: experiment, battery: History.battery(0),
                        origin: Event.Origin(producer: child, seq: UInt64(index + 1)), time: 1_000, body: body)))
        }
        return NaiveModel.content(of: entries, in: keyspace)
    }

    @Test(arguments: [true, false])
    func `The oracle accepts a row of a forked child with and without a repeated declaration`(repeats: Bool) throws {
        try write(Self.logged)
        try write(Self.inherited, to: "18-4-1.side")
        let row = try #require(Event.Body(Self.inherited[2]))
        let verdict = try verdict(on: try applied(child: repeats ? [.battery(History.declaration(0)), row] : [row]))
        #expect(verdict.isGood, "\(verdict.text)")
        #expect(verdict.accepted == (repeats ? 12 : 11))
    }

    @Test func `The oracle accepts a forked child's row that was the best before its parent's were applied`()
        throws
    {
        let fixture = try OracleFixture()
        let lines: [SideLine] = [.row(epoch: 1, valid: 0.25), .curve(first: 1, losses: [3]), .end, .over]
        try fixture.write(
            [.client(pid: 17, seed: 4, isShared: false), .begin(battery: 0), .began(experiment: Self.experiment)]
                + lines)
        try fixture.write(Self.inherited, to: "18-4-1.side")
        let content = try fixture.content([
            OracleFixture.Sent(bodies: OracleFixture.beginning(pid: 17, seed: 4)),
            OracleFixture.Sent(producer: Self.child, bodies: OracleFixture.bodies([], Self.inherited)),
            OracleFixture.Sent(bodies: OracleFixture.bodies([], lines)),
        ])
        let columns = content.keys[fixture.keyspace.columns(of: History.battery(0))]
        guard case .sortedSet(let members)? = columns else { throw TestFailure("no columns: \(content)") }
        #expect(members["curve.loss"] != nil && members["max.loss"] == nil)
        let verdict = try fixture.verdict(on: content)
        #expect(verdict.isGood, "\(verdict.text)")
    }

    @Test func `The oracle reports a missing row of a forked child as lost`() throws {
        try write(Self.logged)
        try write(Self.inherited, to: "18-4-1.side")
        let verdict = try verdict(on: try applied(child: [.battery(History.declaration(0))]))
        #expect(verdict.lost.count == 1, "\(verdict.text)")
    }

    @Test(arguments: [0, 1, 2])
    func `The oracle accepts the first call of a killed child whether nothing, its declaration or its row is applied`(
        events: Int
    ) throws {
        try write(Self.logged)
        try write(Array(Self.inherited[...2]), to: "18-4-1.side")
        let row = try #require(Event.Body(Self.inherited[2]))
        let verdict = try verdict(
            on: try applied(child: Array([.battery(History.declaration(0)), row].prefix(events))))
        #expect(verdict.isGood, "\(verdict.text)")
        #expect(verdict.recovered == (events == 2 ? 1 : 0))
    }

    /// The side file of a daemon, which ends the experiment of the process that has forked it.
    private static let daemon: [SideLine] = [
        .client(pid: 18, seed: 4, isShared: false), .inherited(experiment: experiment, battery: 0),
        .row(epoch: 1_000_001, valid: 0.5), .producer(id: child, seed: 5), .end, .over,
    ]

    @Test(arguments: [true, false])
    func `The oracle expects that an adopter has ended the experiment of a process whose child ends it`(isLost: Bool)
        throws
    {
        try write(Array(Self.logged[...3]))
        try write(Self.daemon, to: "18-4-1.side")
        let lost: [Event.Body] = isLost ? [.end(.lost, reason: nil)] : []
        let parent =
            [.battery(History.declaration(0)), .start(start)] + Self.logged[...3].compactMap { Event.Body($0) }
        let verdict = try verdict(
            on: try applied(parent: parent + lost, child: Self.daemon.compactMap { Event.Body($0) }))
        #expect(verdict.isGood == isLost, "\(verdict.text)")
    }

    @Test func `The oracle does not accept a further end of an experiment that its process has ended`() throws {
        try write(Self.logged)
        let verdict = try verdict(on: try applied { $0.append(.end(.lost, reason: nil)) })
        #expect(!verdict.isGood)
    }

    @Test(arguments: [0, 1, 2], [0, 1])
    func `The oracle requires one dead letter of an event that Redis could not take, unless it was removed and counted`(
        letters: Int, trimmed: Int
    ) throws {
        let name = "n1-\(Self.experiment)"
        try write([
            .client(pid: 17, seed: 4, isShared: false), .begin(battery: ChaosBattery.wrongType),
            .began(experiment: Self.experiment), .param(name: name, value: 1), .end, .over,
        ])
        let body = Event.Body.param([Event.Entry(name: name, value: "1")])
        let bodies: [Event.Body] = [
            .battery(History.declaration(ChaosBattery.wrongType)), .start(start), body, .end(.done, reason: nil),
        ]
        let entries = try entries(of: bodies, battery: ChaosBattery.wrongType)
        var content = NaiveModel.content(of: entries, in: keyspace)
        content.keys[keyspace.columns(of: History.battery(ChaosBattery.wrongType))] = .other("string")
        content.counts.applied = 3
        content.counts.dead = 1
        let key = keyspace.producer(try #require(ProducerID(Self.producer)))
        guard case .hash(var fields) = content.keys[key] else { throw TestFailure("no hash of the producer") }
        fields[ProducerField.dead] = "1"
        content.keys[key] = .hash(fields)
        let found = FoundPartition(
            keyspace: keyspace, content: content, deadLetters: Array(repeating: entries[2], count: letters),
            trimmedLetters: trimmed)
        let verdict = try Oracle.judge(SideReader(folder: folder.path), against: [found])
        #expect(verdict.isGood == (letters == 1 || letters < trimmed), "\(verdict.text)")
        #expect(verdict.missingLetters.count == (letters + trimmed == 0 ? 1 : 0))
        #expect(verdict.unexpectedLetters.count == (letters == 2 ? 1 : 0))
    }

    @Test func `The oracle reports a dead letter of an event that could be applied`() throws {
        try write(Self.logged)
        let entry = try #require(try entries(of: [.start(start)]).first)
        let found = FoundPartition(keyspace: keyspace, content: try applied(), deadLetters: [entry])
        let verdict = try Oracle.judge(SideReader(folder: folder.path), against: [found])
        #expect(verdict.unexpectedLetters.count == 1, "\(verdict.text)")
    }

    @Test func `The oracle expects the events of a producer in the partition of its deployment`() throws {
        var lines = Self.logged
        lines[0] = .client(pid: 17, seed: 4, isShared: false, partitions: 2)
        try write(lines)
        #expect(try verdict(on: try applied()).phantom.count == 1)
    }

    @Test func `A side file is read back without the line that a kill cut off`() throws {
        let text = Self.logged.map { "3 \($0.text)\n" }.joined() + "3 row 17 0."
        let lines = try #require(SideFile.read(text))
        #expect(lines.map(\.line) == Self.logged)
        #expect(lines.allSatisfy { $0.dropped == 3 })
        #expect(SideFile.read("3 nonsense\n") == nil)
    }
}
