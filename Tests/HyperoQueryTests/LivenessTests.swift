import HyperoSchema
import TestSupport
import Testing

@testable import HyperoQuery

/// Running experiments, and those whose process is silent.
@Suite struct LivenessTests {
    private static let minute: Int64 = 60_000

    @Test(
        arguments: [
            (.running, 0, nil, .running, 0), (.running, 3, nil, .running, 3), (.running, 4, nil, .lost, 4),
            (.running, 9, 1, .running, 1), (.running, 1, 9, .running, 1), (.running, 9, 8, .lost, 8),
            (.running, nil, nil, .running, nil), (.running, nil, 4, .lost, 4), (.running, -5, nil, .running, -5),
            (.done, 9, 0, .done, 9), (.lost, 1, 0, .lost, 1), (nil, 9, 9, nil, 9),
        ] as [(ExperimentStatus?, Int64?, Int64?, ExperimentStatus?, Int64?)])
    func `A running experiment is lost after three minutes without an event of it or a sign of life of its producer`(
        stored: ExperimentStatus?, eventAge: Int64?, producerAge: Int64?, status: ExperimentStatus?, age: Int64?
    ) {
        let liveness = Liveness(
            stored: stored, updated: eventAge.map { Fixture.noon - $0 * Self.minute },
            producer: producerAge.map { Fixture.noon - $0 * Self.minute }, now: Fixture.noon,
            lostAfter: 3 * Self.minute)
        #expect(liveness.status == status)
        #expect(liveness.lastSeen == age.map { Fixture.noon - $0 * Self.minute })
    }

    /// One experiment whose process was killed, one whose producer lives, and one that logs.
    private func fixture(partitions: Int = 1) throws -> Fixture {
        let fixture = try Fixture(partitions: partitions)
        let battery = fixture.battery("sweep")
        for (id, value) in ["killed-1": "0.9", "quiet-1": "0.8", "alive-1": "0.7"] {
            fixture.experiment(
                id, of: battery, maxima: ["valid": value], status: "running",
                more: ["updated": "\(Fixture.noon - (id == "alive-1" ? 12_000 : 259_200_000))"])
        }
        let quiet = fixture.keyspace(of: "quiet-1").producer(ProducerID("quiet")!)
        fixture.write("HSET", quiet, ProducerField.time, "\(Fixture.noon - 60_000)", ProducerField.seq, "3")
        try fixture.commit()
        return fixture
    }

    @Test(arguments: [1, 3])
    func `Every command tells lost experiments from running ones, with the age of the last sign of life`(
        partitions: Int
    ) throws {
        let store = try fixture(partitions: partitions).store()
        let board = try store.leaderboard(of: "sweep")
        #expect(board.rows.map(\.status) == [.lost, .running, .running])
        let texts = ["lost (3 d ago)", "running (1 min ago)", "running (12 s ago)"]
        let table = board.text(as: .table, for: Display(), now: Fixture.noon).split(separator: "\n")
        for (line, text) in zip(table.dropFirst(2), texts) { #expect(line.contains("  \(text)")) }
        #expect(
            board.text(as: .json, for: Display()).contains(#""status":"lost","epoch":7,"last_seen":1763640000000,"#))
        #expect(board.text(as: .csv, for: Display()).contains(",lost,7,1763640000000"))
        let columns = try store.leaderboard(of: "sweep", columns: ["status"])
        #expect(columns.text(as: .table, for: Display(), now: Fixture.noon).contains("lost (3 d ago)"))
        #expect(columns.rows.map(\.status) == board.rows.map(\.status))

        let list = try store.experiments(of: "sweep", filter: ExperimentFilter(statuses: [.lost]))
        #expect(list.rows.map(\.experiment) == ["killed-1"])
        #expect(try store.experiments(of: "sweep", filter: ExperimentFilter(statuses: [.running])).rows.count == 2)
        #expect(list.text(as: .table, for: Display(), now: Fixture.noon).contains("lost (3 d ago)"))

        for (id, text) in zip(["killed-1", "quiet-1", "alive-1"], texts) {
            let record = try store.experiment(id)
            #expect(record.text(as: .table, for: Display(), now: Fixture.noon).hasPrefix("\(id)  \(text)\n"))
        }
    }

    @Test func `The time without a sign of life is an option, and the account may lack the right to read producers`()
        throws
    {
        let fixture = try fixture()
        #expect(try fixture.store(lostAfter: .seconds(300_000)).experiment("killed-1").status == .running)
        #expect(try fixture.store(lostAfter: .seconds(10)).experiment("alive-1").status == .lost)
        #expect(try fixture.output(["rank", "sweep", "--lost-after", "100000d"]).contains("running ("))
        #expect(try fixture.output(["rank", "sweep", "--lost-after", "1s"]).contains("lost ("))
        #expect(try fixture.query("rank", "sweep", "--lost-after", "soon").ending == .exited(64))

        fixture.server.cli(
            "ACL", "SETUSER", "noproducer", "on", ">secret", "%R~{\(fixture.namespace)}:batter*",
            "%R~{\(fixture.namespace)}:experiment*", "+@read")
        let url = fixture.server.url.replacing("unix://", with: "unix://noproducer:secret@")
        let store = try Store(url, namespace: fixture.namespace)
        #expect(try store.leaderboard(of: "sweep").rows.map(\.status) == [.running, .running, .running])
    }
}
