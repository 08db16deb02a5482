import Foundation
import HyperoRedis
import HyperoSchema
import TestSupport
import Testing

/// A partition with every kind of event, whose keys tests change by hand.
///
/// All events of an experiment have one time, so that the times in the lists follow from the hashes.
struct DerivedKeysFixture {
    let command: CommandFixture
    let battery = BatteryID("b")!
    var server: RedisServer { command.server }
    var keyspace: Keyspace { command.keyspace }

    init() throws {
        command = try CommandFixture()
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../HyperoIngestTests/Fixtures/format-1.redis").standardized.path
        let written = try ChildProcess.run(
            "bash", ["-o", "pipefail", "-c", "grep ^XADD '\(file)' | redis-cli -s '\(server.socket)'"])
        try #require(written.succeeded && !written.stdout.contains("ERR"), "\(written)")
        try command.drain()
    }

    func experiment(_ id: String) -> String { keyspace.experiment(ExperimentID(id)!) }

    func curve(_ id: String) -> String { keyspace.curve(of: ExperimentID(id)!) }

    func rank(_ channel: String) -> String { keyspace.rank(of: battery, by: channel) }

    /// Changes or removes one key of each kind that the ingest derives, with the check that finds it and the key that it names.
    var falsifications: [Falsification] {
        let (list, columns) = (keyspace.experiments(of: battery), keyspace.columns(of: battery))
        return [
            Falsification(["ZREM", keyspace.batteries, "b"], finds: "batteries"),
            Falsification(["ZADD", keyspace.batteries, "7", "b"], finds: "batteries"),
            Falsification(["DEL", keyspace.batteries], finds: "batteries"),
            Falsification(["DEL", list], finds: "experiments"),
            Falsification(["ZREM", list, "stated"], finds: "experiments"),
            Falsification(["ZADD", list, "17", "curve"], finds: "experiments"),
            Falsification(["ZADD", list, "17", "gone-1"], finds: "experiments"),
            Falsification(["DEL", rank("valid")], finds: "rankings"),
            Falsification(["ZREM", rank("test"), "curve"], finds: "rankings"),
            Falsification(["ZADD", rank("train"), "0.95", "curve"], finds: "rankings"),
            Falsification(["ZADD", rank("valid"), "1", "no-objective"], finds: "rankings"),
            Falsification(["ZADD", rank("loss"), "1", "gone-1"], finds: "rankings"),
            Falsification(["ZADD", rank("nothing"), "1", "curve"], finds: "rankings"),
            Falsification(["HSET", experiment("curve"), "max.test", "0.9"], finds: "maxima"),
            Falsification(["HDEL", experiment("curve"), "max.epoch"], finds: "maxima"),
            Falsification(["HSET", experiment("curve"), "epochs", "4"], finds: "maxima"),
            Falsification(["HSET", experiment("stated"), "max.source", "curve"], finds: "maxima"),
            Falsification(["HDEL", experiment("stated"), "max.valid"], finds: "maxima"),
            Falsification(["HSET", experiment("stated-epoch"), "max.nothing", "1"], finds: "maxima"),
            Falsification(["DEL", columns], finds: "columns"),
            Falsification(["ZREM", columns, "param.lr"], finds: "columns"),
            Falsification(["ZREM", columns, "curve.loss"], finds: "columns"),
            Falsification(["ZREM", columns, "max.accuracy"], finds: "columns"),
        ]
    }

    struct Falsification: CustomStringConvertible {
        let command: [String]
        let check: String

        init(_ command: [String], finds check: String) {
            (self.command, self.check) = (command, check)
        }

        var key: String { command[1] }
        var description: String { command.joined(separator: " ") }
    }

    /// Runs hypero-query verify, and returns its differences as `check key field`.
    func verify(_ arguments: String...) throws -> (differences: [String], outcome: ChildProcess.Outcome) {
        let outcome = try ChildProcess.run(
            "hypero-query", ["verify", "--redis", server.url, "--format", "json"] + arguments,
            environment: ["TZ": "UTC", "LC_ALL": "C.UTF-8"], within: .seconds(120))
        let differences = try outcome.stdout.split(separator: "\n").map { line in
            let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
            return ["check", "key", "field"].compactMap { object[$0] as? String }.joined(separator: " ")
        }
        #expect(outcome.ending == .exited(differences.isEmpty ? 0 : 2), "\(outcome)")
        return (differences, outcome)
    }

    /// Returns all keys except the streams and the ingest's own.
    func dump() throws -> [String: String] {
        var connection = try command.connect()
        var keys = try connection.call("KEYS", keyspace.tag + "*")
        var content: [String: String] = [:]
        for key in try keys.strings().compactMap({ $0 }).sorted() {
            var type = try connection.call("TYPE", key)
            switch try type.string() {
            case "hash" where key != keyspace.ingest:
                var reply = try connection.call("HGETALL", key)
                content[key] = try reply.pairs().map { "\($0.name)=\($0.value)" }.sorted().joined(separator: "\n")
            case "zset":
                var reply = try connection.call("ZRANGE", key, "0", "-1", "WITHSCORES")
                content[key] = try reply.pairs().map { "\($0.value) \($0.name)" }.joined(separator: "\n")
            default: break
            }
        }
        return content
    }
}
