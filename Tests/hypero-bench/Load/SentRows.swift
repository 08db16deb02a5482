import Hypero
import HyperoRedis
import HyperoSchema

/// The rate at which a client logs rows and sends them over its only connection. No ingest runs.
struct SentRows {
    /// Rows per second, from the first call until Redis has acknowledged the last row.
    let perSecond: Double
    /// Microseconds of the main thread of Redis per entry.
    let redisMicroseconds: Double
    /// The alternating names and values of a row, with the sequence number of the middle row.
    let sample: [String]

    init(count: Int) throws {
        let server = try BenchServer()
        let client = try BenchClient(server.url, journalLimit: 2 << 30)
        let experiment = client.hypero.battery("bench").experiment()
        guard client.hypero.flush(until: .sent, timeout: .seconds(10)) else {
            throw BenchError("the client did not send its first events within 10 s")
        }
        let rows = Rows()
        let redisBefore = try server.mainThreadSeconds()
        let start = Clock.now
        for number in 0..<count { experiment.log(rows[number]) }
        guard client.hypero.flush(until: .sent, timeout: .seconds(600)) else {
            throw BenchError("the client did not send \(count) rows within 600 s")
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
        // The number of digits affects the size, and most sequence numbers have as many digits as the middle one.
        for index in fields.indices where fields[index].name == EventField.seq {
            fields[index].value = "\(count / 2 + 1)"
        }
        sample = fields.flatMap { [$0.name, $0.value] }
    }
}
