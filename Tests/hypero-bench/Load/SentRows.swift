import Hypero
import HyperoRedis
import HyperoSchema

/// Rows that a client logs and sends over its one connection, while no ingest runs.
struct SentRows {
    /// From the first call until Redis has acknowledged the last.
    let perSecond: Double
    /// Microseconds of Redis' main thread an entry.
    let redisMicroseconds: Double
    /// Names and values of a row in the middle, in turn.
    let sample: [String]

    init(_ count: Int) throws {
        let server = try BenchServer()
        let client = try BenchClient(server.url, journalLimit: 2 << 30)
        let experiment = client.hypero.battery("bench").experiment()
        guard client.hypero.flush(until: .sent, timeout: .seconds(10)) else {
            throw BenchError("the client does not reach Redis")
        }
        let rows = Rows()
        let redisBefore = try server.mainThreadSeconds()
        let start = Clock.now
        for number in 0..<count { experiment.log(rows[number]) }
        guard client.hypero.flush(until: .sent, timeout: .seconds(600)) else {
            throw BenchError("the client did not send \(count) rows within ten minutes")
        }
        perSecond = Double(count) * 1e9 / Double(Clock.now - start)
        redisMicroseconds = (try server.mainThreadSeconds() - redisBefore) * 1e6 / Double(count)
        try client.close()

        var connection = try server.connect()
        var reply = try connection.call("XREVRANGE", server.keyspace.events, "+", "-", "COUNT", "1")
        _ = try reply.array()
        _ = try reply.array()
        _ = try reply.string()
        var fields = try reply.pairs()
        // Most numbers of events have as many digits as that of the one in the middle.
        for index in fields.indices where fields[index].name == EventField.seq {
            fields[index].value = "\(count / 2 + 1)"
        }
        sample = fields.flatMap { [$0.name, $0.value] }
    }
}
