import Foundation
import HyperoRedis
import HyperoSchema
import Synchronization
import TestSupport
import Testing

@testable import HyperoQuery

/// Servers that answer commands with an error, or not at all.
@Suite struct UnwellServerTests {
    /// Answers the commands of `dead` and of connecting as a server with empty partitions. Commands with a key of a partition get
    /// the error of that partition.
    private static func server(
        tcp: Bool = false, errors: @escaping @Sendable (String) -> String?
    ) throws -> FakeServer {
        try FakeServer(tcp: tcp) { connection in
            while let command = connection.command() {
                if let key = command.first(where: { $0.contains("{") }), let error = errors(key) {
                    connection.send("-\(error)\r\n")
                    continue
                }
                switch command[0] {
                case "EXISTS": connection.send(":1\r\n")
                case "XLEN": connection.send(":0\r\n")
                case "XREVRANGE": connection.send("*0\r\n")
                case "CLIENT": connection.send("+OK\r\n")
                default: connection.send("-ERR \(command[0])\r\n")
                }
            }
        }
    }

    @Test(arguments: [
        ("LOADING Redis is loading the dataset in memory", "LOADING Redis is loading the dataset in memory"),
        ("CLUSTERDOWN The cluster is down", "CLUSTERDOWN The cluster is down"),
        ("MASTERDOWN Link with MASTER is down", "MASTERDOWN Link with MASTER is down"),
        (
            "TRYAGAIN Multiple keys request during rehashing of slot",
            "its hash slot moves to another server: TRYAGAIN Multiple keys request during rehashing of slot"
        ),
        (
            "ASK 5 127.0.0.1:1",
            "redirect to 127.0.0.1:1 is not followed: SERVER is not a node of a cluster"
        ),
    ])
    func `A partition that does not answer is left out with the error of its server`(error: String, reason: String)
        throws
    {
        let server = try Self.server { $0.hasPrefix("{hypero:1}") ? error : nil }
        let store = try Store(server.url, partitions: 3)
        let list = try store.deadLetters()
        let text = reason.replacing("SERVER", with: server.url)
        let end = text.contains(server.url) ? "" : " (\(server.url))"
        #expect(list.warnings == ["{hypero:1} is left out: \(text)\(end)"])
        #expect(store.leftOutPartitions.map(\.tag) == ["{hypero:1}"])
        #expect(server.connections == 1)
    }

    @Test func `If no partition answers, the query fails with the error of the server`() throws {
        let server = try Self.server { _ in "LOADING Redis is loading the dataset in memory" }
        let outcome = try ChildProcess.run("hypero-query", ["dead", "--redis", server.url])
        #expect(outcome.ending == .exited(4))
        #expect(
            outcome.stderr == "hypero-query: Redis is not ready: LOADING Redis is loading the dataset in memory "
                + "(\(server.url)). Try again in a moment\n")
        #expect(server.connections == 1)
    }

    @Test func `A server that does not reply costs one attempt per query, however many partitions and commands it has`()
        throws
    {
        let silent = try FakeServer(tcp: true) { connection in while connection.command() != nil {} }
        let port = silent.port ?? 0
        // The partitions 0 to 9 of 20 are on the silent server.
        let seed = try FakeServer(tcp: true) { connection in
            while let command = connection.command() {
                let key = command.first { $0.contains("{hypero:") } ?? ""
                switch command[0] {
                case _ where key.hasPrefix("{hypero:") && !key.hasPrefix("{hypero:1") && key.dropFirst(9).first == "}":
                    connection.send("-MOVED 5 127.0.0.1:\(port)\r\n")
                case "CLUSTER":
                    connection.send("*1\r\n*3\r\n:0\r\n:16383\r\n*2\r\n$9\r\n127.0.0.1\r\n:\(port)\r\n")
                case "EXISTS", "XLEN", "ZCARD": connection.send(":1\r\n")
                case "GET": connection.send("$-1\r\n")
                case "CLIENT", "INFO": connection.send("+OK\r\n")
                case "HMGET": connection.send("*1\r\n$-1\r\n")
                default: connection.send("*0\r\n")
                }
            }
        }
        let store = Store(
            try .init(seed.url), layout: try PartitionLayout(namespace: "hypero", partitions: 20),
            timeout: .milliseconds(200), lostAfter: .seconds(180))
        for query in 1...3 {
            switch query {
            case 1: #expect(try store.deadLetters().count == 11)
            case 2: #expect(try store.batteries().batteries.isEmpty)
            default: #expect(try store.status().partitions.filter { $0.leftOut != nil }.count == 9)
            }
            #expect(silent.connections == query)
            #expect(store.leftOutPartitions.count == 9)
            #expect(
                store.leftOutPartitions.allSatisfy {
                    $0.reason.hasPrefix("timed out waiting for redis://127.0.0.1:\(port)")
                })
        }
        #expect(seed.connections == 1)
    }

    @Test func `A store is of use again when its server was restarted between two queries`() throws {
        let server = try RedisServer(tcp: true)
        let store = try Store(server.tcpURL)
        _ = try store.batteries()
        try server.restart()
        #expect(try store.batteries().warnings == [])
        server.kill()
        #expect(throws: QueryError.self) { try store.status() }
        try server.restart()
        #expect(try store.batteries().warnings == [])
    }

    @Test func `At the port of a Sentinel, every query says so`() throws {
        let folder = try TemporaryFolder()
        let port = try SocketAddress.freePort()
        try "port \(port)\nbind 127.0.0.1\ndir \(folder.path)\nsentinel monitor main 127.0.0.1 1 1\n"
            .write(toFile: folder.file("sentinel.conf"), atomically: true, encoding: .utf8)
        let sentinel = try ChildProcess("redis-server", [folder.file("sentinel.conf"), "--sentinel"])
        defer { sentinel.kill() }
        let url = "redis://127.0.0.1:\(port)"
        func query(_ arguments: [String]) throws -> ChildProcess.Outcome {
            try ChildProcess.run("hypero-query", arguments + ["--redis", url])
        }
        #expect(eventually { (try? query(["batteries"]))?.stderr.contains("refused") == false })
        for arguments in [
            ["rank", "net"], ["batteries"], ["experiments", "net"], ["show", "a-1"], ["curves", "--top", "2", "net"],
            ["columns", "net"], ["importance", "net"], ["export", "net"], ["status"], ["dead"],
            ["status", "--partitions", "2"], ["dead", "--partitions", "1"], ["show", "a-1", "--partitions", "1"],
            ["watch", "net", "--for", "5s"],
        ] {
            let outcome = try query(arguments)
            #expect(outcome.ending == .exited(4), "\(arguments) \(outcome)")
            #expect(
                outcome.stderr == "hypero-query: \(url) is a Sentinel, not a Redis server. Give "
                    + "redis+sentinel://127.0.0.1:\(port)/NAME\n", "\(arguments) \(outcome)")
            #expect(outcome.stdout == "")
        }
        // A sentinel has neither passwords nor databases.
        for (url, password) in [("\(url)/2", ""), (url, "secret")] {
            let outcome = try ChildProcess.run(
                "hypero-query", ["batteries", "--redis", url], environment: ["HYPERO_REDIS_PASSWORD": password])
            #expect(outcome.stderr.contains("\(url) is a Sentinel, not a Redis server"), "\(outcome)")
        }
    }

    @Test func `A partition is found after a failover by the query that misses its former server`() throws {
        var first: FakeServer? = try Self.server(tcp: true) { _ in nil }
        let second = try Self.server(tcp: true) { _ in nil }
        let ports = [try #require(first?.port), try #require(second.port)]
        let owner = Atomic<UInt16>(ports[0])
        let seed = try FakeServer(tcp: true) { connection in
            while let command = connection.command() {
                switch command[0] {
                case "CLIENT": connection.send("+OK\r\n")
                case "CLUSTER":
                    let nodes = ports.map { "*2\r\n$9\r\n127.0.0.1\r\n:\($0)\r\n" }.joined()
                    connection.send("*1\r\n*4\r\n:0\r\n:16383\r\n\(nodes)")
                default: connection.send("-MOVED 5 127.0.0.1:\(owner.load(ordering: .acquiring))\r\n")
                }
            }
        }
        let store = try Store(seed.url, partitions: 2)
        #expect(try store.deadLetters().warnings == [])
        #expect(second.connections == 0)
        first = nil
        owner.store(ports[1], ordering: .releasing)
        #expect(try store.deadLetters().warnings == [])
        #expect(store.leftOutPartitions == [])
        #expect(first == nil && second.connections == 1)
    }
}
