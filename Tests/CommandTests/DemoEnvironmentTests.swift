import Foundation
import HyperoSchema
import TestSupport
import Testing

@Suite struct DemoEnvironmentTests {
    @Test func `The demo logs to the namespace and the partitions of the environment`() throws {
        let server = try RedisServer()
        let environment = ["HYPERO_REDIS": server.url, "HYPERO_NAMESPACE": "zz", "HYPERO_PARTITIONS": "3"]
        let demo = try ChildProcess.run(
            "hypero-demo", ["--experiments", "2", "--workers", "2", "--epochs", "1"], environment: environment,
            within: .seconds(60))
        #expect(demo.succeeded, "\(demo)")
        let keyspaces = try Keyspace.all(namespace: "zz", partitions: 3)
        #expect(keyspaces.contains { server.cli("EXISTS", $0.events) == "1" })
        #expect(server.cli("KEYS", "{hypero*").isEmpty)

        let drain = try ChildProcess.run(
            "hypero-ingest", ["--drain"], environment: environment, within: .seconds(60))
        #expect(drain.succeeded, "\(drain)")
        let rank = try ChildProcess.run(
            "hypero-query", ["rank", "digits mlp"], environment: environment, within: .seconds(30))
        #expect(rank.stdout.contains("2 of 2 ranked"), "\(rank)")
    }

    @Test(arguments: [1, 2])
    func `The script of the demo serves the namespace and the partitions of the environment`(partitions: Int) throws {
        let server = try RedisServer()
        let folder = try TemporaryFolder()
        let script = Self.script
        let environment = [
            "HYPERO_REDIS": server.url, "HYPERO_NAMESPACE": "zz", "HYPERO_PARTITIONS": "\(partitions)",
            "HYPERO_DEMO_DIR": folder.file("demo"), "HYPERO_BIN_DIR": ChildProcess.productsDirectory,
        ]
        let demo = try ChildProcess.run(
            script, ["--experiments", "2", "--workers", "2", "--epochs", "1"], environment: environment,
            within: .seconds(120))
        #expect(demo.succeeded, "\(demo)")
        #expect(demo.stdout.contains("2 of 2 ranked"))
        #expect(server.cli("KEYS", "{hypero*").isEmpty)
        // The printed commands name keys that exist.
        let keys = demo.stdout.matches(of: /HGETALL '([^']*)'/).map { String($0.1) }
        #expect(keys.count == 2 && keys.allSatisfy { server.cli("EXISTS", $0) == "1" }, "\(keys)")
        #expect(try ChildProcess.run(script, ["stop"], environment: environment, within: .seconds(60)).succeeded)
    }

    private static var script: String {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("Scripts/demo").path
    }
}
