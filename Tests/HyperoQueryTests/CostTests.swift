import HyperoQuery
import HyperoSchema
import TestSupport
import Testing

/// A question costs what it shows; counted, not timed.
@Suite struct CostTests {
    /// Calls by command since the statistics were reset.
    private func calls(_ server: RedisServer) -> [String: Int] {
        var calls: [String: Int] = [:]
        for line in server.cli("INFO", "commandstats").split(whereSeparator: \.isNewline) {
            let parts = line.split { ":=,_".contains($0) }
            guard parts.count > 3, let count = Int(parts[3]) else { continue }
            calls[String(parts[1])] = count
        }
        for own in ["config|resetstat", "info", "client|setname", "command|docs", "ping"] { calls[own] = nil }
        return calls
    }

    @Test("The top ten of 100,000 are four round trips and a fixed number of commands")
    func commands() throws {
        let server = try RedisServer(appendOnly: false)
        let fixture = try Fixture(on: server)
        let battery = fixture.battery("many")
        for number in 1...100_000 {
            fixture.write("ZADD", fixture.keyspaces[0].rank(of: battery, by: "valid"), "\(number)", "a-\(number)")
            if number % 10_000 == 0 { try fixture.commit() }
        }
        for number in 99_990...100_000 {
            fixture.experiment("a-\(number)", of: battery, maxima: ["valid": "\(number)"], params: ["lr": "1"])
        }
        try fixture.commit()

        let store = try Store(server.url, namespace: fixture.namespace)
        server.cli("CONFIG", "RESETSTAT")
        #expect(try store.leaderboard(of: "many").rows.map(\.experiment).first == "a-100000")
        // One ZRANGE each of 17 partitions that may be, one of the ranking.
        #expect(calls(server) == ["zrange": 18, "hmget": 1, "zcard": 1, "hgetall": 10])
        #expect(store.roundTrips == 4)

        let told = try Store(server.url, namespace: fixture.namespace, partitions: 1)
        server.cli("CONFIG", "RESETSTAT")
        #expect(try told.leaderboard(of: "many", limit: 3, columns: ["lr", "max.valid"]).rows.count == 3)
        #expect(calls(server) == ["zrange": 2, "hmget": 4, "zcard": 1, "zscore": 8])
        #expect(told.roundTrips == 4)

        let shown = try Store(server.url, namespace: fixture.namespace, partitions: 1)
        server.cli("CONFIG", "RESETSTAT")
        _ = try shown.experiment("a-99999")
        #expect(calls(server) == ["hgetall": 2, "hmget": 1])

        server.cli("CONFIG", "RESETSTAT")
        _ = try shown.batteries()
        #expect(calls(server) == ["zrange": 2, "hmget": 1, "zcard": 1])
    }
}
