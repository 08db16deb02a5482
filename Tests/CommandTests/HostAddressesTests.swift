import Foundation
import TestSupport
import Testing

/// A name with several addresses, in a file of hosts that only the programs of the test see.
@Suite struct HostAddressesTests {
    private static func mayMount() -> Bool {
        (try? ChildProcess.run("unshare", ["-mr", "test", "-e", "/proc/net/if_inet6"]).succeeded) ?? false
    }

    @Test(.enabled("mount namespaces are not permitted") { mayMount() })
    func `Each address of a name is tried, with its role and its login`() throws {
        let port = try SocketAddress.freePort()
        let folder = try TemporaryFolder()
        let hosts = folder.file("hosts")
        try "::1 two.example\n127.0.0.1 two.example\n".write(toFile: hosts, atomically: true, encoding: .utf8)
        let primary = try RedisServer(configuration: ["port \(port)", "bind 127.0.0.1"])
        let other = try RedisServer(configuration: ["port \(port)", "bind ::1"])
        func run(_ program: String, _ arguments: String) throws -> ChildProcess.Outcome {
            try ChildProcess.run(
                "unshare",
                [
                    "-mr", "sh", "-c",
                    "mount --bind \(hosts) /etc/hosts && exec \(ChildProcess.productsDirectory)/\(program) \(arguments)",
                ], environment: ["HYPERO_REDIS": "redis://two.example:\(port)"])
        }
        primary.cli("XADD", "{hypero}:events", "*", "event", "x")
        for refusal in [["REPLICAOF", "127.0.0.1", "1"], ["CONFIG", "SET", "requirepass", "secret"]] {
            other.cli(refusal)
            let drain = try run("hypero-ingest", "--drain")
            #expect(drain.succeeded, "\(refusal): \(drain.stderr)")
            #expect(primary.cli("XLEN", "{hypero}:dead") == "1")
        }
        let query = try run("hypero-query", "dead")
        #expect(query.succeeded && query.stdout.contains("must be one of"), "\(query)")
        // Alone, the other server is asked too.
        primary.kill()
        #expect(try run("hypero-query", "batteries").stderr.contains("NOAUTH"))
    }

    @Test(.enabled("mount namespaces are not permitted") { mayMount() })
    func `An address that does not answer does not keep a query from those after it`() throws {
        let port = try SocketAddress.freePort()
        let folder = try TemporaryFolder()
        let hosts = folder.file("hosts")
        let names = (2...9).map { "127.0.0.\($0)" }
        try names.map { "\($0) many.example\n" }.joined().write(toFile: hosts, atomically: true, encoding: .utf8)
        let silent = try RedisServer(
            appendOnly: false, configuration: ["port \(port)", "bind \(names.dropLast().joined(separator: " "))"])
        let good = try RedisServer(
            appendOnly: false, configuration: ["port \(port)", "bind \(names[names.count - 1])"])
        silent.suspend()
        defer { silent.resume() }
        #expect(good.cli("PING") == "PONG")
        let query = try ChildProcess.run(
            "unshare",
            [
                "-mr", "sh", "-c",
                "mount --bind \(hosts) /etc/hosts && exec \(ChildProcess.productsDirectory)/hypero-query batteries",
            ], environment: ["HYPERO_REDIS": "redis://many.example:\(port)"])
        #expect(query.succeeded && query.stdout.hasPrefix("no battery is declared yet"), "\(query)")
    }
}
