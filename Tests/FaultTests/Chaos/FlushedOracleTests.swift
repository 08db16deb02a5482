import ChaosLog
import HyperoCore
import HyperoSchema
import TestSupport
import Testing

@testable import chaos

@Suite("The judge of a chaos run with FLUSHALL")
struct FlushedOracleTests {
    private let fixture: OracleFixture
    private let id: ExperimentID

    init() throws {
        fixture = try OracleFixture()
        id = try #require(ExperimentID(OracleFixture.experiment))
    }

    /// The lines before and after the last FLUSHALL.
    private static let before: [SideLine] = [
        .client(pid: 17, seed: 4, isShared: false), .begin(battery: 0), .began(experiment: OracleFixture.experiment),
        .param(name: "steps", value: 1), .row(epoch: 1, valid: 0.25),
    ]
    private static let after: [SideLine] = [.row(epoch: 2, valid: 0.5), .row(epoch: 3, valid: 0.75)]
    private static let beginning = OracleFixture.beginning(pid: 17, seed: 4)

    /// Judges the indexes of some events.
    ///
    /// - Parameter last: the further lines of the side file.
    private func verdict(
        on bodies: [Event.Body], last: [SideLine] = [], change: (inout PartitionContent) -> Void = { _ in }
    ) throws -> Verdict {
        try fixture.write(Self.before + Self.after + last, to: "17-4-1.side")
        var marks = SideCalls.Marks()
        marks.time = 1_000
        marks.sizes["17-4-1.side"] = Self.before.reduce(0) { $0 + "0 \($1.text)\n".utf8.count }
        var content = try fixture.content([OracleFixture.Sent(bodies: bodies)])
        change(&content)
        return FlushedJudge.judge(
            try SideCalls(folder: fixture.path, marks: marks),
            against: [FoundPartition(keyspace: fixture.keyspace, content: content)])
    }

    private static var all: [Event.Body] { OracleFixture.bodies(beginning, before + after) }

    @Test func `accepts that an event that was logged before is gone`() throws {
        var bodies = Self.all
        bodies.remove(at: 3)
        let verdict = try verdict(on: bodies, last: [.over])
        #expect(verdict.isGood, "\(verdict.text)")
        #expect(verdict.accepted == 2)
    }

    @Test func `reports an event that was logged after FLUSHALL as lost`() throws {
        var bodies = Self.all
        bodies.remove(at: 4)
        #expect(try verdict(on: bodies, last: [.over]).lost.count == 1)
    }

    @Test func `reports what flush has confirmed as lost, however old it is`() throws {
        var bodies = Self.all
        bodies.remove(at: 3)
        #expect(try verdict(on: bodies, last: [.flush(time: 1_001), .flushed, .over]).lost.count == 1)
    }

    @Test func `accepts the loss of what flush has not confirmed`() throws {
        var bodies = Self.all
        bodies.remove(at: 3)
        let verdict = try verdict(on: bodies, last: [.flush(time: 1_001), .over])
        #expect(verdict.isGood, "\(verdict.text)")
    }

    @Test(arguments: [2_000, 60_000], [true, false])
    func `expects the parameters of an open experiment, if its process has lived on and has sent all`(
        time: Int64, isClosed: Bool
    ) throws {
        var bodies = Self.all
        bodies.remove(at: 2)
        let last: [SideLine] = [.flush(time: time), .over, .closing]
        let verdict = try verdict(on: bodies, last: last + (isClosed ? [.closed] : []))
        #expect(verdict.lost.count == (time > 6_000 && isClosed ? 1 : 0))
    }

    @Test func `reports an experiment without its start, if its process has lived on`() throws {
        var bodies = Self.all
        bodies.remove(at: 1)
        #expect(try verdict(on: bodies, last: [.flush(time: 60_000), .over, .closing, .closed]).lost.count == 1)
    }

    @Test func `reports values and experiments that were not logged as phantoms`() throws {
        let further: Event.Body = .epoch(9, [CurveRow.Cell("valid", Number(0.1))])
        #expect(try verdict(on: Self.all + [further], last: [.over]).phantom.count == 1)
    }

    @Test func `reports an end that was not logged as a phantom`() throws {
        #expect(try verdict(on: Self.all + [.end(.done, reason: nil)], last: [.over]).phantom.count == 1)
    }

    @Test(arguments: ["rank:valid", "experiments"])
    func `reports a list that is not that of the hashes`(list: String) throws {
        let key = "\(fixture.keyspace.battery(History.battery(0))):\(list)"
        let verdict = try verdict(on: Self.all, last: [.over]) { $0.keys[key] = nil }
        #expect(verdict.differences.contains(list), "\(verdict.text)")
    }

    @Test func `reports maxima that are not those of the best row`() throws {
        let key = fixture.keyspace.curve(of: id)
        let verdict = try verdict(on: Self.all, last: [.over]) { content in
            guard case .hash(var rows)? = content.keys[key] else { return }
            rows["1"] = "valid=0.9 tick=nan"
            content.keys[key] = .hash(rows)
        }
        #expect(verdict.differences.contains("best row"), "\(verdict.text)")
    }
}
