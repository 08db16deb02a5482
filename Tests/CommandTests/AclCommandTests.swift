import Foundation
import HyperoRedis
import HyperoSchema
import TestSupport
import Testing

/// `hypero-ingest acl`: the printed lines, and the check of an account.
@Suite struct AclCommandTests {
    private static let password = "acht Worte"
    private let server: RedisServer
    private let folder: TemporaryFolder

    init() throws {
        server = try RedisServer(appendOnly: false)
        folder = try TemporaryFolder()
        try Data("\(Self.password)\r\nsecond line\n".utf8).write(to: URL(fileURLWithPath: folder.file("password")))
    }

    private func acl(
        _ arguments: String..., user: String? = nil, environment: [String: String] = [:]
    ) throws -> ChildProcess.Outcome {
        var environment = environment
        environment["HYPERO_REDIS"] = user.map { server.url.replacing("unix://", with: "unix://\($0)@") } ?? server.url
        if user != nil { environment["HYPERO_REDIS_PASSWORD"] = Self.password }
        let outcome = try ChildProcess.run("hypero-ingest", ["acl"] + arguments, environment: environment)
        #expect(!(outcome.stdout + outcome.stderr).contains(Self.password), "\(outcome)")
        return outcome
    }

    /// Creates an account by a printed line.
    private func create(_ role: String, _ arguments: String...) throws {
        let outcome = try ChildProcess.run(
            "hypero-ingest", ["acl", "--role", role, "--password-file", folder.file("password")] + arguments,
            environment: ["HYPERO_REDIS": server.url])
        #expect(outcome.ending == .exited(0) && outcome.stderr == "", "\(outcome)")
        let words = outcome.stdout.split(whereSeparator: \.isWhitespace).map(String.init)
        #expect(words.prefix(3) == ["ACL", "SETUSER", words[2]])
        #expect(server.cli(words) == "OK")
    }

    @Test func `Without --role, the lines of all roles are printed, and Redis refuses them until they have a password`()
        throws
    {
        let outcome = try acl("--partitions", "4", "--namespace", "lab")
        #expect(outcome.ending == .exited(0))
        let lines = outcome.stdout.split(separator: "\n").map(String.init)
        let expected = try AccountRole.allCases.map { role in
            try AccountRules(role, namespace: "lab", partitions: 4).line(user: role.rawValue)
        }
        #expect(lines == expected)
        #expect(outcome.stderr.contains("note: Redis refuses a line until a password replaces #SHA256-OF-THE-PASSWORD"))
        for line in lines {
            #expect(server.cli(line.split(separator: " ").map(String.init)).contains("#SHA256-OF-THE-PASSWORD"))
        }
        #expect(server.cli("ACL", "USERS") == "default")
    }

    @Test(arguments: AccountRole.allCases.filter(\.isOfRedis))
    func `An account of Redis itself is checked by ACL DRYRUN only`(role: AccountRole) throws {
        try create(role.rawValue)
        let dryRun = try acl("--check", "--role", role.rawValue, "--user", role.rawValue)
        #expect(dryRun.ending == .exited(0) && dryRun.stdout.hasSuffix("nothing lacks\n"), "\(dryRun)")
        #expect(dryRun.stdout.hasPrefix("account \(role.rawValue) on \(server.url): role \(role.rawValue)\n"))
        let own = try acl("--check", "--role", role.rawValue, user: role.rawValue)
        if role == .admin {
            #expect(own.ending == .exited(0), "\(own)")
        } else {
            #expect(own.ending == .exited(1) && own.stderr.contains("so that they are not tried: log in as"), "\(own)")
        }
        #expect(server.cli("ROLE").hasPrefix("master"))
    }

    @Test(arguments: AccountRole.allCases.filter { !$0.isOfRedis })
    func `An account of a printed line lacks nothing, by its own trial and by ACL DRYRUN`(role: AccountRole) throws {
        try create(role.rawValue, "--user", "node:7", "--partitions", "12")
        let trial = try acl("--check", "--role", role.rawValue, "--partitions", "12", user: "node%3A7")
        #expect(trial.ending == .exited(0) && trial.stdout.hasSuffix("nothing lacks\n"), "\(trial)")
        #expect(trial.stderr.contains("note: the commands were tried, without changes"))
        let dryRun = try acl("--check", "--role", role.rawValue, "--partitions", "12", "--user", "node:7")
        #expect(dryRun.ending == .exited(0) && dryRun.stderr == "", "\(dryRun)")
        #expect(
            dryRun.stdout.hasPrefix(
                "account node:7 on \(server.url): role \(role.rawValue), keys of {hypero:0} and {hypero:11}\n"))
        #expect(server.cli("KEYS", "*") == "")
        // Nothing is denied but the question after the account's own name.
        let log = server.cli("ACL", "LOG").split(separator: "\n")
        #expect(Set(zip(log, log.dropFirst()).filter { $0.0 == "object" }.map(\.1)) == ["acl|whoami"])
    }

    @Test func `A check changes nothing, even for an account that may do everything on Redis 6`() throws {
        let seed = [
            ["XADD", "{hypero}:events", "5-0", "f", "v"], ["XADD", "{hypero}:control", "5-0", "f", "v"],
            ["XADD", "{hypero}:dead", "5-0", "f", "v"], ["HSET", "{hypero}:ingest", "f", "1"],
            ["SET", "{hypero}:ingest:lease", "owner"], ["ZADD", "{hypero}:batteries", "1", "b"],
            ["ZADD", "{hypero}:deleted", "1", "e"],
            // Any id of the contract may exist.
            ["HSET", "{hypero}:experiment:0-acl-check", "battery", "b"],
            ["HSET", "{hypero}:experiment:acl-check", "battery", "b"],
        ]
        for command in seed { server.cli(command) }
        let before = server.cli("DEBUG", "DIGEST")
        // Without DRYRUN, as on Redis 6.2, so that the commands themselves are sent.
        server.cli("ACL", "SETUSER", "all", "on", ">\(Self.password)", "~*", "&*", "+@all", "-acl|dryrun")
        for role in AccountRole.allCases where !role.isOfRedis {
            let outcome = try acl("--check", "--role", role.rawValue, user: "all")
            #expect(outcome.ending == .exited(0) && outcome.stdout.contains("account all on"), "\(outcome)")
        }
        #expect(server.cli("DEBUG", "DIGEST") == before)
        #expect(server.cli("TTL", "{hypero}:ingest:lease") == "-1")
    }

    @Test(arguments: AccountRole.allCases)
    func `The rules that a check prints grant what lacks`(role: AccountRole) throws {
        let (isOfRedis, role) = (role.isOfRedis, role.rawValue)
        // Those of a replica are commands only.
        for (user, rights) in [("bare", []), ("keyless", ["+@all"])] where user == "bare" || role != "replica" {
            server.cli(["ACL", "SETUSER", user, "on", ">\(Self.password)"] + rights)
            let before = try acl("--check", "--role", role, "--user", user)
            #expect(before.ending == .exited(2), "\(before)")
            let grant = try #require(before.stdout.firstMatch(of: /to grant it: (ACL SETUSER .*)\n$/)?.1)
            #expect(server.cli(grant.split(separator: " ").map(String.init)) == "OK", "\(grant)")
            let after =
                try isOfRedis
                ? acl("--check", "--role", role, "--user", user) : acl("--check", "--role", role, user: user)
            #expect(after.ending == .exited(0) && after.stdout.hasSuffix("nothing lacks\n"), "\(after)")
        }
    }

    @Test func `A right that is needed on some occasions only is reported, and is no failure`() throws {
        try create("logger")
        server.cli("ACL", "SETUSER", "logger", "-cluster|slots")
        let outcome = try acl("--check", "--role", "logger", user: "logger")
        #expect(outcome.ending == .exited(0))
        #expect(outcome.stdout.contains("lacks +cluster|slots: needed in a Redis Cluster: without it, "), "\(outcome)")
    }

    @Test func `Of several servers, the first that answers is asked`() throws {
        let silent = try FakeServer(tcp: true) { connection in while connection.command() != nil {} }
        let good = try RedisServer(appendOnly: false, tcp: true)
        let list = [silent.port ?? 0, try SocketAddress.freePort(), good.port ?? 0].map { "127.0.0.1:\($0)" }
        let outcome = try ChildProcess.run(
            "hypero-ingest", ["acl", "--check", "--role", "ingest"],
            environment: ["HYPERO_REDIS": "redis://\(list.joined(separator: ","))"])
        #expect(outcome.ending == .exited(0), "\(outcome)")
        #expect(outcome.stdout.hasPrefix("account default on redis://\(list[2]): role ingest"), "\(outcome)")
    }

    @Test func `An account that cannot be checked is named with the reason`() throws {
        try create("query")
        let other = try acl("--check", "--role", "query", "--user", "training", user: "query")
        #expect(other.ending == .exited(1))
        #expect(other.stderr.contains("cannot check the account 'training': NOPERM"), "\(other)")
        #expect(other.stderr.contains("Log in as this account, or as one that may run ACL DRYRUN"))
        let unknown = try acl("--check", "--role", "query", "--user", "stranger")
        #expect(unknown.ending == .exited(1) && unknown.stderr.contains("User 'stranger' not found"), "\(unknown)")
        let wrong = try acl("--check", "--role", "query", user: "stranger")
        #expect(wrong.ending == .exited(1) && wrong.stderr.contains("WRONGPASS"), "\(wrong)")
    }

    @Test func `A password comes from the first line of a file or of standard input, and only its digest is printed`()
        throws
    {
        let path = folder.file("password")
        let digest = try ChildProcess.run("sh", ["-c", "printf %s '\(Self.password)' | sha256sum"]).stdout.prefix(64)
        let file = try acl("--role", "query", "--password-file", path)
        #expect(file.stdout.contains(" #\(digest) "))
        let piped = try ChildProcess.run(
            "sh",
            ["-c", "\(ChildProcess.productsDirectory)/hypero-ingest acl --role query --password-file - <'\(path)'"])
        #expect(piped.stdout == file.stdout)
        for (content, reason) in [
            ("", "its first line must not be empty"),
            (String(repeating: "x", count: 70_000), "it must be shorter than 65536 bytes"),
        ] {
            try Data(content.utf8).write(to: URL(fileURLWithPath: folder.file("wrong")))
            let wrong = try acl("--role", "query", "--password-file", folder.file("wrong"))
            #expect(
                wrong.ending == .exited(1) && wrong.stderr.contains("cannot read the password: ")
                    && wrong.stderr.contains(reason))
            #expect(wrong.stdout == "")
        }
        #expect(
            try acl("--role", "query", "--password-file", "/nowhere").stderr.contains(
                "/nowhere, No such file or directory"))
    }

    @Test func `The lines of --aclfile are read by a server at its start`() throws {
        let path = folder.file("users.acl")
        let lines = try AccountRole.allCases.map { role in
            try acl("--role", role.rawValue, "--password-file", folder.file("password"), "--aclfile").stdout
        }
        try Data(lines.joined().utf8).write(to: URL(fileURLWithPath: path))
        let other = try RedisServer(appendOnly: false, configuration: ["aclfile \(path)"])
        #expect(other.cli("ACL", "USERS").split(separator: "\n").count == 1 + AccountRole.allCases.count)
        let url = other.url.replacing("unix://", with: "unix://query@")
        let query = try ChildProcess.run(
            "hypero-query", ["batteries", "--redis", url], environment: ["HYPERO_REDIS_PASSWORD": Self.password])
        #expect(query.ending == .exited(0), "\(query)")
    }

    @Test func `The explanation has one line for each right`() throws {
        let outcome = try acl("--role", "training", "--explain")
        let lines = outcome.stdout.split(separator: "\n")
        #expect(lines.count == 1 + AccountRole.training.rights.count)
        #expect(
            lines.contains { $0.contains(/^  \+xadd +\{hypero\}:events +without it, no event is sent$/) }, "\(lines)")
    }

    @Test(arguments: [
        (["--check"], "--check needs one --role"),
        (["--check", "--role", "query", "--role", "ingest"], "--check needs one --role"),
        (["--user", "x"], "--user needs one --role"), (["--password-file", "x"], "--password-file needs one --role"),
        (["--role", "query", "--role", "query"], "--role must be different each time"),
        (["--role", "query", "--user", "a b"], "--user must be 1 to 128 characters"),
        (["--role", "query", "--user", "default"], "--user must not be default"),
        (["--role", "query", "--check", "--aclfile"], "--check must not be combined"),
        (["--role", "queries"], "The value 'queries' is invalid for '--role <role>'"),
    ])
    func `A mistake in the command line is named as what it is`(arguments: [String], message: String) throws {
        let outcome = try ChildProcess.run("hypero-ingest", ["acl"] + arguments)
        #expect(outcome.ending == .exited(64) && outcome.stderr.hasPrefix("hypero-ingest: \(message)"), "\(outcome)")
    }
}
