import Foundation
import HyperoIngest
import HyperoRedis
import HyperoSchema
import TestSupport
import Testing

/// Replicas, sentinels, backups and an administrator with the accounts that `hypero-ingest acl` prints, while the account of clients
/// without a user is off.
@Suite struct RedisRoleTests {
    private static let password = "acht-Worte"

    /// Creates an account with the rules of its role, or with other rules.
    private func create(_ role: AccountRole, _ rules: [String]? = nil, on servers: [RedisServer]) throws {
        let rules = try rules ?? AccountRules(role).rules
        let words = ["ACL", "SETUSER", role.rawValue, "reset", "on", ">\(Self.password)", "resetchannels"] + rules
        for server in servers {
            let reply = server.cli(words)
            #expect(reply == "OK" || server.cli(Self.login(.admin) + words) == "OK", "\(reply)")
        }
    }

    private static func login(_ role: AccountRole) -> [String] {
        ["--no-auth-warning", "--user", role.rawValue, "--pass", Self.password]
    }

    private func cli(_ server: RedisServer, as role: AccountRole, _ words: String...) -> String {
        server.cli(Self.login(role) + words)
    }

    /// Returns whether `redis-cli --rdb` has copied all keys.
    private func hasBackup(of server: RedisServer) throws -> Bool {
        let file = server.folder.file("backup.rdb")
        try? FileManager.default.removeItem(atPath: file)
        let words = ["-s", server.socket] + Self.login(.replica) + ["--rdb", file]
        return try ChildProcess.run("redis-cli", words).succeeded
            && FileManager.default.contents(atPath: file)?.starts(with: Data("REDIS".utf8)) == true
    }

    /// Returns a primary and a replica that logs in as the role `replica`.
    private func replicated() throws -> (primary: RedisServer, replica: RedisServer) {
        let login = ["masteruser replica", "masterauth \(Self.password)", "repl-diskless-sync-delay 0"]
        let primary = try RedisServer(tcp: true, configuration: login)
        let replica = try RedisServer(tcp: true, configuration: login)
        return (primary, replica)
    }

    /// Returns the commands that a server has denied.
    private func denials(of server: RedisServer) -> Set<String> {
        let lines = cli(server, as: .admin, "ACL", "LOG").split(separator: "\n").map(String.init)
        return Set(zip(lines, lines.dropFirst()).filter { $0.0 == "object" }.map(\.1))
    }

    private func isLinked(_ replica: RedisServer) -> Bool {
        cli(replica, as: .admin, "INFO", "replication").contains("master_link_status:up")
    }

    @Test func `A replica follows with its account while the default one is off, and a backup has all keys`() throws {
        let (primary, replica) = try replicated()
        for role in [AccountRole.replica, .admin] { try create(role, on: [primary, replica]) }
        for server in [primary, replica] {
            #expect(cli(server, as: .admin, "ACL", "SETUSER", "default", "off") == "OK")
        }
        #expect(cli(replica, as: .admin, "REPLICAOF", "127.0.0.1", "\(primary.port ?? 0)") == "OK")
        #expect(eventually { isLinked(replica) })
        #expect(cli(primary, as: .admin, "SET", "key", "value") == "OK")
        #expect(eventually { cli(replica, as: .admin, "GET", "key") == "value" })
        #expect(try hasBackup(of: primary))
        #expect(denials(of: primary) == [])
        // Redis 7.0 sends PING before the login only.
        for right in try AccountRules(.replica).commandRules where right != "+ping" {
            try create(.replica, AccountRules(.replica).rules.filter { $0 != right }, on: [primary])
            _ = cli(primary, as: .admin, "ACL", "LOG", "RESET")
            if right == "+sync" {
                #expect(try !hasBackup(of: primary))
            } else {
                _ = cli(primary, as: .admin, "CLIENT", "KILL", "TYPE", "replica")
                #expect(eventually { denials(of: primary) == [String(right.dropFirst())] }, "without \(right)")
            }
        }
    }

    @Test func `Sentinels promote a replica with their account, and programs follow, while the default one is off`()
        async throws
    {
        let (primary, replica) = try replicated()
        let servers = [primary, replica]
        for role in [AccountRole.replica, .sentinel, .admin, .ingest, .query] { try create(role, on: servers) }
        for server in servers { #expect(cli(server, as: .admin, "ACL", "SETUSER", "default", "off") == "OK") }
        _ = cli(replica, as: .admin, "REPLICAOF", "127.0.0.1", "\(primary.port ?? 0)")
        #expect(eventually { isLinked(replica) })
        let sentinel = try Sentinel(
            watching: primary.port ?? 0,
            configuration: ["sentinel auth-user main sentinel", "sentinel auth-pass main \(Self.password)"])
        #expect(eventually { sentinel.cli("SENTINEL", "REPLICAS", "main").contains("\(replica.port ?? 0)") })
        #expect(eventually { sentinel.cli("SENTINEL", "FAILOVER", "main") == "OK" })
        #expect(
            eventually(within: .seconds(60)) {
                // The former primary becomes a replica eight seconds later.
                sentinel.cli("SENTINEL", "GET-MASTER-ADDR-BY-NAME", "main").contains("\(replica.port ?? 0)")
                    && cli(replica, as: .admin, "ROLE").hasPrefix("master")
            })
        // The promotion is in the configuration of the server.
        let file = try String(contentsOfFile: replica.folder.file("redis.conf"), encoding: .utf8)
        #expect(!file.contains("replicaof 127.0.0.1"))
        #expect(cli(replica, as: .admin, "XADD", "{hypero}:events", "*", "event", "x").contains("-"))
        let url = "redis+sentinel://ingest:\(Self.password)@127.0.0.1:\(sentinel.port)/main"
        let drain = try ChildProcess.run("hypero-ingest", ["--drain"], environment: ["HYPERO_REDIS": url])
        #expect(drain.succeeded, "\(drain.stderr)")
        #expect(cli(replica, as: .admin, "XLEN", "{hypero}:dead") == "1")
        for server in servers { #expect(denials(of: server) == []) }
    }

    @Test(arguments: [AccountRole.query, .ingest])
    func `A check with the sentinels' URL asks the primary, and the sentinel gets no password of it`(role: AccountRole)
        throws
    {
        let primary = try RedisServer(appendOnly: false, tcp: true)
        try create(role, on: [primary])
        let sentinel = try Sentinel(watching: primary.port ?? 0)
        let url = "redis+sentinel://\(role.rawValue)@127.0.0.1:\(sentinel.port)/main"
        let outcome = try ChildProcess.run(
            "hypero-ingest", ["acl", "--check", "--role", role.rawValue],
            environment: ["HYPERO_REDIS": url, "HYPERO_REDIS_PASSWORD": Self.password])
        #expect(outcome.ending == .exited(0), "\(outcome)")
        #expect(
            outcome.stdout.hasPrefix("the account of the URL on redis://127.0.0.1:\(primary.port ?? 0): "),
            "\(outcome)")
        #expect(sentinel.cli("ACL", "LOG") == "")
    }

    @Test func `An administrator saves that the default account is off, and it stays off after a restart`() throws {
        let folder = try TemporaryFolder()
        let file = folder.file("users.acl")
        try Data().write(to: URL(fileURLWithPath: file))
        let server = try RedisServer(configuration: ["aclfile \(file)"])
        try create(.admin, on: [server])
        #expect(cli(server, as: .admin, "ACL", "SETUSER", "default", "off") == "OK")
        #expect(cli(server, as: .admin, "ACL", "SAVE") == "OK")
        try server.restart()
        #expect(server.cli("PING").hasPrefix("NOAUTH"))
        #expect(cli(server, as: .admin, "CONFIG", "GET", "maxmemory").hasPrefix("maxmemory"))
        #expect(cli(server, as: .admin, "ACL", "SETUSER", "new", "on").hasPrefix("OK"))
    }
}
