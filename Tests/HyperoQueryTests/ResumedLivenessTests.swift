import HyperoSchema
import TestSupport
import Testing

@testable import HyperoQuery

/// Experiments that another process has resumed, and whose process only gives signs of life.
@Suite struct ResumedLivenessTests {
    private func fixture(partitions: Int) throws -> Fixture {
        let fixture = try Fixture(partitions: partitions)
        let battery = fixture.battery("sweep")
        let old = "\(Fixture.noon - 259_200_000)"
        // The process of the first one lives, and that of the second one is silent while the first process lives.
        for (id, starter) in ["first-1": "alive", "first-2": "dead"] {
            fixture.experiment(
                id, of: battery, maxima: ["valid": "0.9"], status: "running",
                more: ["updated": old, "producer": starter])
        }
        let keyspace = fixture.keyspace(of: "first-1")
        for (producer, age) in [("alive", 60_000), ("dead", 259_200_000), ("first", 1_000)] as [(String, Int64)] {
            fixture.write(
                "HSET", keyspace.producer(ProducerID(producer)!), ProducerField.time, "\(Fixture.noon - age)")
        }
        try fixture.commit()
        return fixture
    }

    @Test(arguments: [1, 3])
    func `The signs of life of a resumed experiment are those of the producer that started it last`(
        partitions: Int
    ) throws {
        let store = try fixture(partitions: partitions).store()
        let expected: [String: ExperimentStatus] = ["first-1": .running, "first-2": .lost]
        func statuses(_ rows: [(String, ExperimentStatus?)]) -> [String: ExperimentStatus?] {
            Dictionary(uniqueKeysWithValues: rows)
        }
        #expect(statuses(try store.leaderboard(of: "sweep").rows.map { ($0.experiment, $0.status) }) == expected)
        let selected = try store.leaderboard(of: "sweep", columns: ["status"])
        #expect(statuses(selected.rows.map { ($0.experiment, $0.status) }) == expected)
        #expect(statuses(try store.experiments(of: "sweep").rows.map { ($0.experiment, $0.status) }) == expected)
        #expect(
            try store.experiments(of: "sweep", filter: ExperimentFilter(statuses: [.lost]), columns: ["host"]).rows
                .map(\.experiment) == ["first-2"])
        for (id, status) in expected { #expect(try store.experiment(id).status == status) }
    }

    @Test func `Only a running experiment that was resumed costs a further round trip`() throws {
        let fixture = try fixture(partitions: 1)
        let battery = fixture.battery("other")
        fixture.experiment("first-3", of: battery, maxima: ["valid": "1"], status: "running")
        fixture.experiment("first-4", of: battery, maxima: ["valid": "1"], more: ["producer": "alive"])
        try fixture.commit()
        func roundTrips(of battery: String) throws -> Int {
            let store = try Store(fixture.server.url, namespace: fixture.namespace, partitions: 1)
            _ = try store.leaderboard(of: battery)
            return store.roundTrips
        }
        #expect(try roundTrips(of: "sweep") == roundTrips(of: "other") + 1)
    }
}
