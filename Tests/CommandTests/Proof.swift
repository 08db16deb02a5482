import HyperoCore
import HyperoRedis
import HyperoSchema
import TestSupport
import Testing

/// What the proofs share: a server, the partition on it, and the daemon as people run it.
struct Proof {
    let server: RedisServer
    let keyspace: Keyspace

    /// How large a proof is: small by default, as large as `Scripts/soak` says in the environment.
    static func size(_ variable: String, _ usual: Int) -> Int {
        ProcessEnvironment.value(of: variable).flatMap(Int.init) ?? usual
    }

    init(configuration: [String] = []) throws {
        server = try RedisServer(configuration: configuration)
        keyspace = try Keyspace.all()[0]
    }

    func connect() throws -> RedisConnection {
        try RedisConnection.open(to: try RedisURL(server.url), name: "proof", timeout: .seconds(60))
    }

    /// An ingest whose lease is short, so that a successor of a killed one need not be waited for.
    func ingest(_ options: String...) throws -> ChildProcess {
        try ChildProcess("hypero-ingest", ["--redis", server.url, "--lease", "0.5"] + options)
    }

    /// Applies all there is, and keeps the stream as it is.
    func drain() throws {
        let drained = try ChildProcess.run(
            "hypero-ingest", ["--redis", server.url, "--lease", "0.5", "--retain", "100000000", "--drain"],
            within: .seconds(600))
        try #require(drained.succeeded, "\(drained.stderr)")
    }

    /// What the naive model makes of the entries, beside what the ingest made of them; empty when they are the same.
    func differences(from entries: [StreamEntry]) throws -> String {
        var connection = try connect()
        let found = try PartitionContent.read(from: &connection, keyspace)
        return found.differences(fromExpected: NaiveModel.content(of: entries, in: keyspace))
    }
}
