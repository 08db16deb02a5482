import ChaosLog
import HyperoSchema
import TestSupport
import Testing

@testable import chaos

@Suite("The oracle of the chaos run, for experiments that are resumed")
struct ResumeOracleTests {
    private let fixture: OracleFixture

    init() throws {
        fixture = try OracleFixture()
    }

    private static let resumers = ["aaaaaaaaa2", "aaaaaaaaa3"]

    /// The side file of a process that is killed.
    private static let first: [SideLine] = [
        .client(pid: 17, seed: 4, isShared: false, time: 1), .begin(battery: 0),
        .began(experiment: OracleFixture.experiment), .row(epoch: 1, valid: 0.1), .row(epoch: 2, valid: 0.2),
        .row(epoch: 3, valid: 0.9), .param(name: "steps", value: 1), .param(name: "steps", value: 2),
    ]

    /// The side file of a process that resumes the experiment from an epoch, and ends it.
    private static func resumed(_ attempt: Int, from: Int?) -> [SideLine] {
        let start = from ?? 20_000_000
        return [
            .client(pid: Int32(attempt), seed: 7, isShared: false, time: Int64(attempt)),
            .resume(
                experiment: OracleFixture.experiment, battery: 0, attempt: attempt, from: from,
                producer: resumers[attempt - 2]),
            .row(epoch: start, valid: Double(attempt)), .row(epoch: start + 1, valid: Double(attempt) + 0.5), .end,
            .over,
            .closing, .closed,
        ]
    }

    /// The events of the killed process, with the end that the adopter of its journal adds.
    private static var firstSent: OracleFixture.Sent {
        OracleFixture.Sent(
            bodies: OracleFixture.bodies(OracleFixture.beginning(pid: 17, seed: 4), first) + [.end(.lost, reason: nil)])
    }

    private static func resumedSent(_ attempt: Int, from: Int?) -> OracleFixture.Sent {
        OracleFixture.Sent(
            producer: resumers[attempt - 2], time: Int64(attempt),
            bodies: OracleFixture.bodies(
                OracleFixture.beginning(pid: attempt, seed: 7, attempt: attempt, from: from),
                resumed(attempt, from: from)))
    }

    private func write(froms: [Int?]) throws {
        try fixture.write(Self.first)
        for (index, from) in froms.enumerated() {
            try fixture.write(Self.resumed(index + 2, from: from), to: "\(index + 2)-7-1.side")
        }
    }

    @Test(arguments: [2, 3, 4, nil], [true, false])
    func `The oracle accepts a resumed experiment whichever process' events arrive first`(
        from: Int?, isInOrder: Bool
    ) throws {
        try write(froms: [from])
        let sent = [Self.firstSent, Self.resumedSent(2, from: from)]
        let verdict = try fixture.verdict(on: try fixture.content(isInOrder ? sent : sent.reversed()))
        #expect(verdict.isGood, "\(verdict.text)")
        #expect(verdict.resumes == 1)
    }

    @Test(arguments: [(2, 3), (3, 2), (2, 2)], [[0, 1, 2], [2, 1, 0], [1, 2, 0], [0, 2, 1]])
    func `The oracle accepts an experiment that was resumed twice in any order of arrival`(
        froms: (Int, Int), order: [Int]
    ) throws {
        try write(froms: [froms.0, froms.1])
        let sent = [Self.firstSent, Self.resumedSent(2, from: froms.0), Self.resumedSent(3, from: froms.1)]
        let verdict = try fixture.verdict(on: try fixture.content(order.map { sent[$0] }))
        #expect(verdict.isGood, "\(verdict.text)")
    }

    @Test func `The oracle reports a row that a resume has withdrawn, if it is back`() throws {
        try write(froms: [2])
        var content = try fixture.content([Self.resumedSent(2, from: 2), Self.firstSent])
        let key = fixture.keyspace.curve(of: ExperimentID(OracleFixture.experiment)!)
        guard case .hash(var rows)? = content.keys[key] else { throw TestFailure("no curve") }
        rows["3"] = "valid=0.9 tick=nan"
        content.keys[key] = .hash(rows)
        let verdict = try fixture.verdict(on: content)
        #expect(verdict.withdrawn.count > 0, "\(verdict.text)")
        #expect(verdict.phantom.count == 0)
    }

    @Test func `The oracle reports a row before the epoch of the resume as lost`() throws {
        try write(froms: [2])
        var first = Self.firstSent
        first.bodies.remove(at: 2)
        let verdict = try fixture.verdict(on: try fixture.content([first, Self.resumedSent(2, from: 2)]))
        #expect(verdict.lost.count == 1, "\(verdict.text)")
    }

    @Test func `The oracle reports a row of the later process as lost, and one that is applied twice as duplicated`()
        throws
    {
        try write(froms: [2])
        var second = Self.resumedSent(2, from: 2)
        second.bodies.remove(at: 2)
        #expect(try fixture.verdict(on: try fixture.content([Self.firstSent, second])).lost.count == 1)
        second = Self.resumedSent(2, from: 2)
        second.bodies.insert(second.bodies[2], at: 3)
        #expect(try fixture.verdict(on: try fixture.content([Self.firstSent, second])).duplicated.count == 1)
    }

    @Test func `The oracle reports an end of the earlier process that wins over the later one`() throws {
        try write(froms: [2])
        var content = try fixture.content([Self.firstSent, Self.resumedSent(2, from: 2)])
        let key = fixture.keyspace.experiment(ExperimentID(OracleFixture.experiment)!)
        guard case .hash(var fields)? = content.keys[key] else { throw TestFailure("no experiment") }
        fields[ExperimentField.status] = "failed"
        content.keys[key] = .hash(fields)
        let verdict = try fixture.verdict(on: content)
        #expect(verdict.differences.contains("status"), "\(verdict.text)")
    }

    @Test(arguments: [0, 1, 2, 3])
    func `The oracle accepts an interrupted resume as absent, declared or started, and then ended by the adopter`(
        events: Int
    ) throws {
        try fixture.write(Self.first)
        try fixture.write(Array(Self.resumed(2, from: 2)[...1]), to: "2-7-1.side")
        var second = Self.resumedSent(2, from: 2)
        second.bodies = Array((second.bodies.prefix(2) + [.end(.lost, reason: nil)]).prefix(events))
        let verdict = try fixture.verdict(on: try fixture.content([Self.firstSent, second]))
        // A start without the end of the adopter would stay running for ever.
        #expect(verdict.isGood == (events != 2), "\(verdict.text)")
    }

    @Test(arguments: [true, false])
    func `The oracle accepts an interrupted call whose row a later process has withdrawn`(isApplied: Bool) throws {
        try fixture.write(Array(Self.first[...5]))
        try fixture.write(Self.resumed(2, from: 2), to: "2-7-1.side")
        var first = Self.firstSent
        first.bodies.removeSubrange((isApplied ? 5 : 4)..<7)
        let verdict = try fixture.verdict(on: try fixture.content([first, Self.resumedSent(2, from: 2)]))
        #expect(verdict.isGood, "\(verdict.text)")
        #expect(verdict.indeterminate == 1)
    }
}

@Suite("The oracle of the chaos run, for the endings of processes")
struct EndingOracleTests {
    private let fixture: OracleFixture

    init() throws {
        fixture = try OracleFixture()
    }

    private static let open: [SideLine] = [
        .client(pid: 17, seed: 4, isShared: false), .begin(battery: 0), .began(experiment: OracleFixture.experiment),
        .row(epoch: 1, valid: 0.25), .over,
    ]

    private func isGood(_ last: [SideLine], isLost: Bool) throws -> Bool {
        try fixture.write(Self.open + last, to: "1-4-\(last.count).side")
        var bodies = OracleFixture.bodies(OracleFixture.beginning(pid: 17, seed: 4), Self.open)
        if isLost { bodies.append(.end(.lost, reason: nil)) }
        return try fixture.verdict(on: try fixture.content([OracleFixture.Sent(bodies: bodies)])).isGood
    }

    @Test(arguments: [true, false])
    func `An experiment that its process has left open must be lost`(isLost: Bool) throws {
        #expect(try isGood([], isLost: isLost) == isLost)
    }

    @Test(arguments: [true, false])
    func `An experiment that is open when its client is closed must stay running`(isLost: Bool) throws {
        #expect(try isGood([.closing, .closed], isLost: isLost) == !isLost)
    }

    @Test(arguments: [true, false])
    func `An experiment whose process was killed while its client was closed may be lost or not`(isLost: Bool) throws {
        #expect(try isGood([.closing], isLost: isLost))
    }
}

@Suite("The oracle of the chaos run, for declarations that differ")
struct ConflictOracleTests {
    private let fixture: OracleFixture
    private let key: String

    init() throws {
        fixture = try OracleFixture()
        key = fixture.keyspace.battery(History.battery(0))
        var lines: [SideLine] = [.client(pid: 17, seed: 4, isShared: false)]
        for variant in [0, 1, 2] {
            lines += [
                .begin(battery: 0, variant: variant), .began(experiment: Self.experiment(variant)),
                .row(epoch: 1, valid: 0.25), .end,
            ]
        }
        try fixture.write(lines + [.over, .closing, .closed])
    }

    private static func experiment(_ variant: Int) -> String { "\(OracleFixture.producer)-\(variant + 1)" }

    private func content(_ variants: [Int] = [0, 1, 2]) throws -> PartitionContent {
        let row: [SideLine] = [.row(epoch: 1, valid: 0.25), .end]
        return try fixture.content(
            variants.map { variant in
                OracleFixture.Sent(
                    experiment: Self.experiment(variant),
                    bodies: OracleFixture.bodies(
                        OracleFixture.beginning(variant: variant, pid: 17, seed: 4), row))
            })
    }

    /// Returns the indexes with another value of a field of the battery's hash.
    private func content(with field: String, _ value: String?) throws -> PartitionContent {
        var content = try content()
        guard case .hash(var fields)? = content.keys[key] else { throw TestFailure("no hash of the battery") }
        fields[field] = value
        content.keys[key] = .hash(fields)
        return content
    }

    @Test(arguments: ["objective valid min", "objective tick max"])
    func `The oracle accepts any of the declared differences as the latest conflict`(conflict: String) throws {
        let verdict = try fixture.verdict(on: try content(with: BatteryField.conflict, conflict))
        #expect(verdict.isGood, "\(verdict.text)")
        #expect(verdict.conflicts == 1)
    }

    @Test(arguments: ["objective other min", nil])
    func `The oracle reports a conflict that was not declared or is not recorded`(conflict: String?) throws {
        let verdict = try fixture.verdict(on: try content(with: BatteryField.conflict, conflict))
        #expect(verdict.differences.contains("conflict"), "\(verdict.text)")
    }

    @Test func `The oracle reports a battery whose first declaration does not win`() throws {
        #expect(!(try fixture.verdict(on: try content([1, 0, 2])).isGood))
    }
}
