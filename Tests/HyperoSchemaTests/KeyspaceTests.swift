import HyperoSchema
import Testing
import TestSupport

struct KeyspaceTests {
    private let battery = BatteryID("mnist.v1.0123abcd")!
    private let experiment = ExperimentID("k3v9x2mq7d-17")!
    private let producer = ProducerID("k3v9x2mq7d")!

    private func keys(_ keyspace: Keyspace) -> [String] {
        [
            keyspace.events, keyspace.dead, keyspace.batteries, keyspace.ingest, keyspace.lease,
            keyspace.battery(battery), keyspace.experiments(of: battery), keyspace.rank(of: battery, by: "top 5"),
            keyspace.columns(of: battery), keyspace.experiment(experiment), keyspace.curve(of: experiment),
            keyspace.producer(producer),
        ]
    }

    private func expectedKeys(_ tag: String) -> [String] {
        [
            "\(tag):events", "\(tag):dead", "\(tag):batteries", "\(tag):ingest", "\(tag):ingest:lease",
            "\(tag):battery:mnist.v1.0123abcd", "\(tag):battery:mnist.v1.0123abcd:experiments",
            "\(tag):battery:mnist.v1.0123abcd:rank:top 5", "\(tag):battery:mnist.v1.0123abcd:columns",
            "\(tag):experiment:k3v9x2mq7d-17", "\(tag):experiment:k3v9x2mq7d-17:curve",
            "\(tag):producer:k3v9x2mq7d",
        ]
    }

    @Test func `The tag of a single partition is the namespace`() throws {
        let all = try Keyspace.all()
        #expect(all.map(\.tag) == ["{hypero}"])
        #expect(keys(all[0]) == expectedKeys("{hypero}"))
    }

    @Test func `The tags of four partitions are numbered, and their keys differ`() throws {
        let all = try Keyspace.all(namespace: "lab_2.x-Y", partitions: 4)
        #expect(all.map(\.tag) == ["{lab_2.x-Y:0}", "{lab_2.x-Y:1}", "{lab_2.x-Y:2}", "{lab_2.x-Y:3}"])
        for keyspace in all { #expect(keys(keyspace) == expectedKeys(keyspace.tag)) }
        #expect(Set(all.flatMap(keys)).count == 4 * expectedKeys("").count)
    }

    @Test(arguments: ["", "a b", "a:b", "{a}", "a}", "é", "a\n", "*", String(repeating: "n", count: 65)])
    func `A namespace that would break hash tags or patterns is rejected`(namespace: String) {
        #expect(throws: SchemaError.self) { try Keyspace.all(namespace: namespace) }
    }

    @Test(arguments: [0, -1, 16_385, Int.max, Int.min])
    func `A number of partitions that is not from 1 to the number of a cluster's slots is rejected`(partitions: Int) {
        #expect(throws: SchemaError.self) { try Keyspace.all(partitions: partitions) }
    }

    @Test func `The longest namespace and the highest number of partitions are accepted`() throws {
        #expect(try Keyspace.all(namespace: String(repeating: "n", count: 64), partitions: 16_384).count == 16_384)
    }

    @Test func `A producer's partition is the cluster's CRC16 of its id`() throws {
        // The check value of CRC16/XMODEM, also in the specification of Redis Cluster.
        let check = try #require(ProducerID("123456789"))
        #expect(Keyspace.partition(of: check, among: 16_384) == 0x31C3)
        #expect(Keyspace.partition(of: check, among: 1) == 0)
    }

    @Test func `Producers are distributed over all partitions`() {
        var generator = SeededGenerator(seed: 3)
        var counts = [0, 0, 0, 0]
        for _ in 0..<4_000 { counts[Keyspace.partition(of: ProducerID(using: &generator), among: 4)] += 1 }
        #expect(counts.allSatisfy { (850...1_150).contains($0) })
    }
}
