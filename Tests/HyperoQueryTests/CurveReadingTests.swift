import HyperoSchema
import TestSupport
import Testing

@testable import HyperoQuery

/// The amount of curves that a verification requests at once.
@Suite struct CurveReadingTests {
    @Test func `Few curves are read together until groups of them were small`() {
        var group = CurveGroup()
        var counts = [group.count]
        for bytes in [1_000, 1_000, 1_000, 1_000, 2 << 20, 1_000] {
            group.record(bytes: bytes)
            counts.append(group.count)
        }
        #expect(counts == [8, 16, 32, 64, 64, 8, 16])
    }

    @Test(arguments: [(rows: 600, width: 20, largest: 256), (rows: 100, width: 20_000, largest: 3)])
    func `The size of rows decides their number per part`(rows: Int, width: Int, largest: Int) throws {
        let server = try RedisServer()
        let keyspace = try Keyspace.all()[0]
        let id = ExperimentID("e-1")!
        // Hashes of a few short rows are returned at once.
        server.cli("CONFIG", "SET", "hash-max-listpack-entries", "4")
        server.cli(
            "EVAL", "for i = 1, ARGV[1] do redis.call('HSET', KEYS[1], i, 'valid=0.' .. string.rep('1', ARGV[2])) end",
            "1",
            keyspace.curve(of: id), "\(rows)", "\(width)")
        let store = try Store(server.url)
        let curve = CurveReading(
            of: id, in: keyspace, digest: CurveDigest(objective: nil, statedEpoch: nil))
        var (reads, most, before) = (0, 0, store.cost.bytes)
        while !curve.isComplete, reads < 1_000 {
            var pipeline = CommandPipeline()
            curve.appendNext(to: &pipeline)
            try store.connections.run(pipeline)
            most = max(most, store.cost.bytes - before)
            before = store.cost.bytes
            #expect(curve.partCount <= largest)
            reads += 1
        }
        #expect(curve.digest.highestEpoch == rows)
        // SCAN may return a bucket of several rows.
        #expect(most < 256 << 10)
    }
}
