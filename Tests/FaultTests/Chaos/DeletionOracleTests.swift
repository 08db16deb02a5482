import ChaosLog
import HyperoSchema
import TestSupport
import Testing

@testable import chaos

@Suite("The oracle of the chaos run, for deletions")
struct DeletionOracleTests {
    private let fixture: OracleFixture
    private let id: ExperimentID
    private var keyspace: Keyspace { fixture.keyspace }

    init() throws {
        fixture = try OracleFixture()
        id = try #require(ExperimentID(OracleFixture.experiment))
    }

    private static let deletable = ChaosBattery.deletable
    private static let battery = History.battery(deletable)
    private static let logged: [SideLine] = [
        .client(pid: 17, seed: 4, isShared: false, time: 1), .begin(battery: deletable),
        .began(experiment: OracleFixture.experiment), .param(name: "steps", value: 1), .row(epoch: 1, valid: 0.25),
        .row(epoch: 2, valid: 0.5), .over, .closing, .closed,
    ]
    /// A process that declares the battery later.
    private static let later: [SideLine] = [
        .client(pid: 18, seed: 5, isShared: false, time: 2), .begin(battery: deletable),
        .began(experiment: "aaaaaaaaa2-1"),
        .row(epoch: 1, valid: 0.75), .end, .over, .closing, .closed,
    ]

    private static var sent: OracleFixture.Sent {
        OracleFixture.Sent(
            battery: deletable,
            bodies: OracleFixture.bodies(OracleFixture.beginning(battery: deletable, pid: 17, seed: 4), logged))
    }

    private static var laterSent: OracleFixture.Sent {
        OracleFixture.Sent(
            producer: "aaaaaaaaa2", experiment: "aaaaaaaaa2-1", battery: deletable,
            bodies: OracleFixture.bodies(OracleFixture.beginning(battery: deletable, pid: 18, seed: 5), later))
    }

    /// Returns the indexes after the experiment was deleted.
    ///
    /// - Parameter count: the number of its events before the deletion.
    private func content(deletedAfter count: Int) throws -> PartitionContent {
        try fixture.content([Self.sent], deletions: [(count, .deleteExperiment(id))])
    }

    /// Returns the indexes after the battery was deleted between the two processes' events.
    private func contentOfDeletedBattery(isDeclaredAgain: Bool) throws -> PartitionContent {
        let sent = [Self.sent] + (isDeclaredAgain ? [Self.laterSent] : [])
        return try fixture.content(sent, deletions: [(Self.sent.bodies.count, .deleteBattery(Self.battery))])
    }

    private var named: Deletions { Deletions(named: [id]) }

    private var ofBattery: Deletions {
        Deletions(listed: [id], possible: [id], batteries: [Self.deletable])
    }

    @Test(arguments: 2...5)
    func `The oracle accepts that a deleted experiment is missing, whenever it was deleted`(count: Int) throws {
        try fixture.write(Self.logged)
        let verdict = try fixture.verdict(on: try content(deletedAfter: count), deletions: named)
        #expect(verdict.isGood, "\(verdict.text)")
        #expect(verdict.deleted == 1 && verdict.droppedByDeletion == 5 - count)
    }

    @Test func `The oracle reports an experiment as lost if its deletion was not requested`() throws {
        try fixture.write(Self.logged)
        #expect(try fixture.verdict(on: try content(deletedAfter: 5)).lost.count == 5)
    }

    @Test func `The oracle reports a deleted experiment that is in the indexes`() throws {
        try fixture.write(Self.logged)
        #expect(try fixture.verdict(on: try fixture.content([Self.sent]), deletions: named).undeleted.count == 1)
    }

    @Test(arguments: [true, false])
    func `The oracle accepts an unconfirmed deletion as carried out or not`(isCarriedOut: Bool) throws {
        try fixture.write(Self.logged)
        let content = isCarriedOut ? try content(deletedAfter: 3) : try fixture.content([Self.sent])
        let verdict = try fixture.verdict(on: content, deletions: Deletions(possible: [id]))
        #expect(verdict.isGood, "\(verdict.text)")
    }

    @Test(arguments: ["experiments", "rank:valid", "curve", "tombstone", "count"])
    func `The oracle reports what is left of a deleted experiment, or not recorded`(part: String) throws {
        try fixture.write(Self.logged)
        var content = try content(deletedAfter: 3)
        switch part {
        case "curve": content.keys[keyspace.curve(of: id)] = .hash(["1": "valid=0.25"])
        case "tombstone": content.keys[keyspace.deleted] = nil
        case "count": content.counts.deleted = 0
        default: content.keys["\(keyspace.battery(Self.battery)):\(part)"] = .sortedSet([id.text: 1])
        }
        let verdict = try fixture.verdict(on: content, deletions: named)
        #expect(!verdict.differences.isEmpty, "\(verdict.text)")
    }

    @Test(arguments: [true, false])
    func `The oracle accepts that a deleted battery is gone, or empty until it is declared again`(
        isDeclaredAgain: Bool
    ) throws {
        try fixture.write(Self.logged)
        if isDeclaredAgain { try fixture.write(Self.later, to: "2.side") }
        let verdict = try fixture.verdict(
            on: try contentOfDeletedBattery(isDeclaredAgain: isDeclaredAgain), deletions: ofBattery)
        #expect(verdict.isGood, "\(verdict.text)")
    }

    @Test func `The oracle reports a battery that is not there although it was declared again`() throws {
        try fixture.write(Self.logged)
        try fixture.write(Self.later, to: "2.side")
        let verdict = try fixture.verdict(
            on: try contentOfDeletedBattery(isDeclaredAgain: false), deletions: ofBattery)
        #expect(verdict.lost.count == Self.laterSent.bodies.count, "\(verdict.text)")
    }

    @Test(arguments: ["", ":columns"])
    func `The oracle reports what is left of a deleted battery`(suffix: String) throws {
        try fixture.write(Self.logged)
        var content = try contentOfDeletedBattery(isDeclaredAgain: false)
        content.keys[keyspace.battery(Self.battery) + suffix] =
            suffix.isEmpty ? .hash(["updated": "1"]) : .sortedSet(["param.steps": 1])
        #expect(!(try fixture.verdict(on: content, deletions: ofBattery).isGood))
    }

    @Test func `The oracle reports an experiment that comes back without its start`() throws {
        try fixture.write(Self.logged)
        try fixture.write(Self.later, to: "2.side")
        var content = try contentOfDeletedBattery(isDeclaredAgain: true)
        content.keys[keyspace.experiment(id)] = .hash([
            "battery": Self.battery.text, "status": "running", "epochs": "2",
        ])
        content.keys[keyspace.curve(of: id)] = .hash(["2": "valid=0.5 tick=nan"])
        var deletions = ofBattery
        deletions.listed = []
        #expect(try fixture.verdict(on: content, deletions: deletions).lost.count > 0)
    }
}
