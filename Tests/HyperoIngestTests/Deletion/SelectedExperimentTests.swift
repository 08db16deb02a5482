import HyperoCore
import HyperoRedis
import HyperoSchema
import TestSupport
import Testing

@testable import HyperoIngest

/// The plan and the request of a deletion whose experiments a rule has selected some time before.
@Suite struct SelectedExperimentTests {
    private let fixture: DeletionFixture
    private let deleter: Deleter
    private var server: RedisServer { fixture.server }
    private var keyspace: Keyspace { fixture.keyspace }

    /// The experiments `p-1` and `p-10`, which have ended.
    init() throws {
        fixture = try DeletionFixture()
        deleter = try Deleter(IngestSettings(redis: try RedisURL(fixture.server.url)))
        try fixture.ingest.add(
            [EventSequence.declaration]
                + ["p-1", "p-10"].flatMap { id in
                    [
                        Event.Body.start(Event.Start()),
                        .curve(first: 1, [Event.Series("valid", (1...100).map { Number(Double($0)) })]),
                        .end(.done, reason: nil),
                    ].map { Event(experiment: ExperimentID(id)!, battery: EventSequence.battery, body: $0) }
                })
        try fixture.ingest.drain()
    }

    private func rule(_ stamps: [String: String] = [:]) -> DeletionPlan.Rule {
        DeletionPlan.Rule(selectsRunning: false, keepsBest: true, stamps: [keyspace: stamps])
    }

    private func stamp(of id: String) throws -> String {
        try deleter.states(of: [ExperimentID(id)!], in: keyspace)[0].stamp
    }

    @Test(arguments: [nil, CurveLimit.maxima])
    func `What another client has deleted since the selection is left out, and its id is no prefix`(
        limit: CurveLimit?
    ) throws {
        fixture.command("event", "delete", "experiment", "p-1")
        try fixture.ingest.drain()
        // By its id, p-1 is the only prefix of p-10.
        #expect(try deleter.plan(experiments: ["p-1"]).experiments.map(\.id) == ["p-10"])
        let plan = try deleter.plan(experiments: ["p-1"], keeping: limit, selectedBy: rule())
        #expect(plan.experiments.isEmpty && plan.commands.isEmpty && plan.revived.isEmpty)
        let rest = try deleter.plan(experiments: ["p-1", "p-10"], keeping: limit, selectedBy: rule())
        #expect(rest.experiments.map(\.id) == ["p-10"])
    }

    @Test func `What has changed between its selection and the plan stays`() throws {
        let stamps = try ["p-1": stamp(of: "p-1"), "p-10": stamp(of: "p-10")]
        server.cli("HSET", keyspace.experiment(fixture.experiment), "since", String(WallClock.milliseconds + 1_000))
        let plan = try deleter.plan(experiments: ["p-1", "p-10"], keeping: nil, selectedBy: rule(stamps))
        #expect(plan.experiments.map(\.id) == ["p-10"])
        #expect(plan.revived == ["p-1"])
        #expect(plan.commands.map(\.seen) == [stamps["p-10"]])
    }

    @Test func `Each command has the whole time from when it is written`() throws {
        let command = DeletionPlan.Command(keyspace, .deleteExperiment(fixture.experiment))
        let request = try deleter.request(Array(repeating: command, count: 2_000), expiringAfter: .seconds(60))
        var untils: [Int64] = []
        var connection = try fixture.ingest.connect()
        try connection.forEachCommand(after: .zero, through: .highest, in: keyspace) { entry in
            untils.append(entry.condition?.until ?? 0)
        }
        #expect(untils.count == 2_000 && untils == untils.sorted())
        // Each needs a round trip, so that they take some milliseconds.
        #expect(untils[0] < untils[1_999])
        #expect(request.expiry == untils[1_999])
    }

    @Test func `A thinning counts as carried out, although the clock of the server was set back`() throws {
        // Without an ingest, the hash shows whether it was carried out.
        let plan = try deleter.plan(experiments: ["p-1", "p-10"], keeping: .maxima, selectedBy: rule())
        let request = try deleter.request(plan, expiringAfter: .milliseconds(1))
        let record = ThinnedCurve(
            through: 100, removed: 98, best: 100, limit: .maxima, time: WallClock.milliseconds - 3_600_000)
        server.cli("HSET", keyspace.experiment(fixture.experiment), "thinned", record.text)
        server.cli("HSET", keyspace.ingest, IngestField.control, try #require(request.commands[keyspace]).description)
        let rest = try deleter.remainder(of: request)
        #expect(!rest.all.contains("p-1") && rest.all == ["p-10"])
    }
}
