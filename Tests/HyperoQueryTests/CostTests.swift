import HyperoQuery
import HyperoSchema
import TestSupport
import Testing

/// The cost of a query depends on the size of its result. Commands, round trips and bytes are counted, and time is not
/// measured.
@Suite struct CostTests {
    /// Returns the number of calls of each command since CONFIG RESETSTAT, without the calls of the test itself.
    private func calls(_ server: RedisServer) -> [String: Int] {
        var calls: [String: Int] = [:]
        for line in server.cli("INFO", "commandstats").split(whereSeparator: \.isNewline) {
            let parts = line.split { ":=,_".contains($0) }
            guard parts.count > 3, let count = Int(parts[3]) else { continue }
            calls[String(parts[1])] = count
        }
        for ownCommand in ["config|resetstat", "info", "client|setname", "command|docs", "ping"] {
            calls[ownCommand] = nil
        }
        return calls
    }

    /// Writes a battery named `many`. Its last eleven experiments have hashes, and all ids and values have the same
    /// length.
    private func fixture(experiments count: Int, on server: RedisServer) throws -> Fixture {
        let fixture = try Fixture(on: server)
        let battery = fixture.battery("many")
        for number in 1...count {
            let text = "\(1_000_000 + number)"
            fixture.write("ZADD", fixture.keyspaces[0].rank(of: battery, by: "valid"), text, "a-\(text)")
            if number % 10_000 == 0 { try fixture.commit() }
        }
        for number in 1_000_000 + count - 10...1_000_000 + count {
            fixture.experiment("a-\(number)", of: battery, maxima: ["valid": "\(number)"], params: ["lr": "1"])
        }
        try fixture.commit()
        return fixture
    }

    @Test func `Ranking 100,000 experiments needs four round trips and a fixed number of commands`() throws {
        let server = try RedisServer(appendOnly: false)
        let fixture = try fixture(experiments: 100_000, on: server)

        let store = try Store(server.url, namespace: fixture.namespace)
        server.cli("CONFIG", "RESETSTAT")
        #expect(try store.leaderboard(of: "many").rows.map(\.experiment).first == "a-1100000")
        // Four EXISTS, one per key, and one ZRANGE for each of the 17 candidates for partitions, and one ZRANGE for the ranking.
        // All experiments have one producer, whose time one HMGET reads. The others read the battery and the format.
        #expect(calls(server) == ["exists": 68, "zrange": 18, "hmget": 3, "zcard": 2, "hgetall": 10])
        #expect(store.roundTrips == 4)

        let explicit = try Store(server.url, namespace: fixture.namespace, partitions: 1)
        server.cli("CONFIG", "RESETSTAT")
        #expect(try explicit.leaderboard(of: "many", limit: 3, columns: ["lr", "max.valid"]).rows.count == 3)
        #expect(calls(server) == ["zrange": 2, "hmget": 6, "zcard": 2, "zscore": 8])
        #expect(explicit.roundTrips == 4)

        let other = try Store(server.url, namespace: fixture.namespace, partitions: 1)
        server.cli("CONFIG", "RESETSTAT")
        _ = try other.experiment("a-1099999")
        #expect(calls(server) == ["hgetall": 3, "hmget": 3])

        server.cli("CONFIG", "RESETSTAT")
        _ = try other.batteries()
        #expect(calls(server) == ["zrange": 2, "hmget": 4, "zcard": 1])
    }

    @Test(arguments: [
        (["rank", "many"], roundTrips: 5, commands: 102),
        (["rank", "many", "--partitions", "1", "--columns", "lr"], roundTrips: 5, commands: 22),
        (["experiments", "many", "--partitions", "1"], roundTrips: 5, commands: 18),
        (["show", "LAST"], roundTrips: 7, commands: 164),
        (["batteries"], roundTrips: 5, commands: 92),
        (["status"], roundTrips: 3, commands: 80),
        (["dead"], roundTrips: 3, commands: 71),
    ])
    func `A run of hypero-query needs the same commands and round trips for 100 experiments and for 10,000`(
        arguments: [String], roundTrips: Int, commands: Int
    ) throws {
        let server = try RedisServer(appendOnly: false)
        var replyBytes: [Int] = []
        for count in [100, 10_000] {
            let fixture = try fixture(experiments: count, on: server)
            let proxy = try FaultyProxy(to: server)
            let words = arguments.map { $0 == "LAST" ? "a-\(1_000_000 + count)" : $0 }
            let outcome = try ChildProcess.run(
                "hypero-query", words + ["--redis", proxy.url, "--namespace", fixture.namespace])
            #expect(outcome.succeeded, "\(outcome)")
            let traffic = proxy.traffic
            #expect(traffic.connections == 1)
            // The first round trip sets the name of the client.
            #expect(traffic.roundTrips == roundTrips)
            #expect(traffic.requests == commands)
            replyBytes.append(traffic.replyBytes)
        }
        // The difference is two more digits per count, also in the reply of INFO. The list of the clients may name some that have just
        // ended.
        #expect(abs(replyBytes[1] - replyBytes[0]) < (arguments == ["status"] ? 10_000 : 100))
    }
}
