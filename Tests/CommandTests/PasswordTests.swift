import Foundation
import Glibc
import HyperoRedis
import TestSupport
import Testing

/// Passwords in command lines, messages and scripts.
@Suite struct PasswordTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    private static let commands: [[String]] = [
        ["hypero-query", "batteries"], ["hypero-ingest", "run", "--drain"], ["hypero-ingest", "requeue", "--all"],
        ["hypero-ingest", "adopt", "--journal", "/nowhere"],
        ["hypero-demo", "--experiments", "1", "--epochs", "1", "--workers", "1"],
    ]

    @Test(arguments: commands)
    func `Every command warns of a password in --redis, once and without printing it`(command: [String]) throws {
        let server = try RedisServer(appendOnly: false, configuration: ["requirepass verraten"])
        let arguments = command.dropFirst() + ["--redis", "unix://:verraten@\(server.socket)"]
        let outcome = try ChildProcess.run(command[0], Array(arguments))
        let warning = "\(command[0]): --redis contains a password, which other users of this machine can read"
        #expect(outcome.stderr.components(separatedBy: warning).count == 2, "\(outcome.stderr)")
        #expect(!(outcome.stderr + outcome.stdout).contains("verraten"))
        let silent = try ChildProcess.run(
            command[0], command.dropFirst() + ["--redis", server.url],
            environment: ["HYPERO_REDIS_PASSWORD": "verraten"])
        #expect(!silent.stderr.contains("--redis"), "\(silent.stderr)")
    }

    @Test(arguments: [commands[0], commands[1]])
    func `A password in the place of the user is not printed, and a hint shows its place`(command: [String]) throws {
        let server = try RedisServer(appendOnly: false, configuration: ["requirepass verraten"])
        let outcome = try ChildProcess.run(
            command[0], command.dropFirst() + ["--redis", "unix://verraten@\(server.socket)"])
        #expect(!outcome.succeeded)
        #expect(outcome.stderr.contains("--redis has a user and no password"), "\(outcome.stderr)")
        #expect(outcome.stderr.contains("cannot log in to unix://***@"), "\(outcome.stderr)")
        #expect(outcome.stderr.contains("redis://:password@host"))
        #expect(!outcome.stderr.contains("verraten"))
    }

    @Test(arguments: [
        ("", "redis://h", nil), ("", "redis://:@h", nil), ("", "unix:///run/a@b", nil), ("", nil, nil),
        ("", "redis://:p@h", "contains a password"), ("", "unix://u:p@/s", "contains a password"),
        ("", "redis://u:p/x@h", "contains a password"), ("", "redis://secret@h", "a user and no password"),
        ("p", "redis://user@h", nil),
    ])
    func `The warning depends on the account in the URL`(password: String, url: String?, warning: String?) throws {
        var environment: [String: String] = [:]
        if !password.isEmpty { environment["HYPERO_REDIS_PASSWORD"] = password }
        // A query that fails to connect warns first.
        let arguments = ["batteries"] + (url.map { ["--redis", $0] } ?? [])
        guard url?.hasSuffix("@h") != false || warning != nil else { return }
        let outcome = try ChildProcess.run("hypero-query", arguments, environment: environment)
        if let warning {
            #expect(outcome.stderr.contains("--redis") && outcome.stderr.contains(warning), "\(outcome.stderr)")
        } else {
            #expect(!outcome.stderr.contains("hypero-query: --redis"), "\(outcome.stderr)")
        }
    }

    @Test(arguments: [
        ["hypero-ingest", "URL"], ["hypero-query", "status", "URL"], ["hypero-ingest", "--partitions", "URL"],
        ["hypero-ingest", "--namespace", "URL"], ["hypero-ingest", "requeue", "--all", "--set", "URL"],
        ["hypero-demo", "--epochs=URL"],
    ])
    func `The password of a URL in a wrong place is not printed`(command: [String]) throws {
        let words = command.map { $0.replacing("URL", with: "redis://:s3cret@127.0.0.1:1") }
        let outcome = try ChildProcess.run(words[0], Array(words.dropFirst()))
        #expect(!outcome.succeeded)
        #expect(outcome.stderr.contains("redis://***@127.0.0.1:1"), "\(outcome)")
        #expect(!outcome.stderr.contains("s3cret"), "\(outcome)")
    }

    @Test func `A password for a server without one, and one with special characters, get clear messages`() throws {
        let server = try RedisServer(appendOnly: false)
        let needless = try ChildProcess.run(
            "hypero-query", ["batteries", "--redis", server.url], environment: ["HYPERO_REDIS_PASSWORD": "verraten"])
        #expect(needless.stderr.contains("the server has no password for the default user. Remove the password"))
        for url in ["redis://:a/b@h", "redis://u:a?b@h", "redis://:a%b@h"] {
            let outcome = try ChildProcess.run("hypero-query", ["batteries", "--redis", url])
            #expect(outcome.ending == .exited(64))
            #expect(outcome.stderr.contains("%25 for %"), "\(outcome.stderr)")
        }
    }

    @Test func `A failed login is explained without the advice for a missing right`() throws {
        let server = try RedisServer(appendOnly: false, configuration: ["requirepass verraten"])
        let advice = "The password of an account needs its name in the URL, such as redis://user@host\n"
        for (environment, message) in [
            (["HYPERO_REDIS_PASSWORD": "falsch"], "It was sent the password of HYPERO_REDIS_PASSWORD. \(advice)"),
            (["HYPERO_REDIS_PASSWORD_FILE": "/nowhere"], "Correct HYPERO_REDIS_PASSWORD_FILE or the file ("),
            ([:], "Set HYPERO_REDIS_PASSWORD. \(advice)"),
        ] {
            let outcome = try ChildProcess.run(
                "hypero-query", ["batteries", "--redis", server.url], environment: environment)
            #expect(outcome.ending == .exited(4) && outcome.stderr.contains(message), "\(outcome.stderr)")
            #expect(!outcome.stderr.contains("Name an account"), "\(outcome.stderr)")
        }
    }

    @Test(arguments: [(0o600, nil), (0o640, nil), (0o644, "read"), (0o777, "change")] as [(Int, String?)])
    func `A password file that every user can read is reported`(mode: Int, verb: String?) throws {
        let server = try RedisServer(appendOnly: false, configuration: ["requirepass verraten"])
        let file = server.folder.file("password")
        let content = Data("verraten\n".utf8)
        #expect(
            FileManager.default.createFile(atPath: file, contents: content, attributes: [.posixPermissions: mode]))
        let outcome = try ChildProcess.run(
            "hypero-query", ["batteries", "--redis", server.url], environment: ["HYPERO_REDIS_PASSWORD_FILE": file])
        #expect(outcome.succeeded)
        let warning = verb.map {
            "hypero-query: HYPERO_REDIS_PASSWORD_FILE: every user can \($0) the password file \(file). Run chmod 600 on it\n"
        }
        #expect(outcome.stderr == warning ?? "", "\(outcome.stderr)")
    }

    @Test(arguments: ["hypero-ingest", "hypero-query", "hypero-demo"])
    func `An error of the environment is one line`(program: String) throws {
        let outcome = try ChildProcess.run(
            program, program == "hypero-query" ? ["batteries"] : [], environment: ["HYPERO_REDIS": "nonsense"])
        #expect(!outcome.succeeded && outcome.stderr.hasPrefix("\(program): "), "\(outcome.stderr)")
        #expect(outcome.stderr.contains("HYPERO_REDIS: the Redis URL must start with"))
        #expect(outcome.stderr.split(separator: "\n").count == 1, "\(outcome.stderr)")
    }

    @Test(arguments: ["unix://u:verraten@/nowhere/s", "redis://u:verraten@127.0.0.1:1", "redis://verraten@127.0.0.1:1"])
    func `The demo passes no password in the arguments of redis-cli, and prints none`(url: String) throws {
        let folder = try TemporaryFolder()
        let stub = "#!/bin/sh\nprintf '%s\\n' \"$@\" >>\"$0.arguments\"\necho Could not connect; exit 1\n"
        try folder.writeProgram(stub, to: "redis-cli")
        let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
        let outcome = try ChildProcess.run(
            Self.root.appendingPathComponent("Scripts/demo").path, ["--experiments", "1"],
            environment: [
                "HYPERO_REDIS": url, "HYPERO_DEMO_DIR": folder.file("demo"), "PATH": "\(folder.path):\(path)",
                "HYPERO_BIN_DIR": ChildProcess.productsDirectory,
            ])
        #expect(outcome.ending == .exited(1))
        let arguments = (try? String(contentsOfFile: folder.file("redis-cli.arguments"), encoding: .utf8)) ?? ""
        #expect(!(arguments + outcome.stdout + outcome.stderr).contains("verraten"), "\(arguments)\(outcome)")
        let hint = "A password without a user is written redis://:password@host"
        #expect(outcome.stderr.contains(url.contains(":verraten") ? "does not reply" : hint))
    }

    @Test(arguments: [
        ("hypero-query", ["rank", "--nonsense"]), ("hypero-ingest", ["--retain", "-1"]),
        ("hypero-ingest", ["nonsense"]),
        ("hypero-demo", ["--epochs", "0"]),
    ])
    func `An error in the command line has the name of the program`(program: String, arguments: [String]) throws {
        let outcome = try ChildProcess.run(program, arguments)
        #expect(outcome.ending == .exited(64))
        #expect(outcome.stderr.hasPrefix("\(program): "), "\(outcome.stderr)")
        #expect(!outcome.stderr.contains("Error: "))
    }

    @Test func `A program without standard streams writes nothing into its own files`() throws {
        let server = try RedisServer(appendOnly: false)
        let outcome = try ChildProcess.run(
            "sh",
            [
                "-c", "exec \"$0\" --experiments 1 --epochs 1 --workers 1 --redis \"$1\" <&- >&- 2>&-",
                "\(ChildProcess.productsDirectory)/hypero-demo", server.url,
            ])
        #expect(outcome.succeeded)
        #expect(server.cli("XLEN", "{hypero}:events") != "0")
    }

    @Test func `The workers of the demo inherit no descriptors above the standard streams`() throws {
        let server = try RedisServer(appendOnly: false)
        let folder = try TemporaryFolder()
        // The lock is inherited by the shell's child, and then by its workers if they do not close it.
        let script =
            "exec 7>\"$2/lock\"; \"$0\" --experiments 2 --workers 2 --epochs 200000 --redis \"$1\" & echo $! ; wait"
        let child = try ChildProcess(
            "sh", ["-c", script, "\(ChildProcess.productsDirectory)/hypero-demo", server.url, folder.path])
        func children(of pid: Int32) -> [Int32] {
            let text = try? String(contentsOfFile: "/proc/\(pid)/task/\(pid)/children", encoding: .utf8)
            return (text ?? "").split(separator: " ").compactMap { Int32($0) }
        }
        #expect(eventually { children(of: child.pid).first.map { children(of: $0).count == 2 } ?? false })
        let workers = children(of: children(of: child.pid)[0])
        // A worker closes the descriptors when its program starts, some time after the fork.
        func inheritsLock(_ worker: Int32) -> Bool {
            let files = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(worker)/fd")) ?? []
            return files.contains {
                let target = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(worker)/fd/\($0)")
                return target == folder.path + "/lock"
            }
        }
        #expect(eventually { !workers.contains(where: inheritsLock) })
        #expect(workers.allSatisfy { kill($0, 0) == 0 })
    }
}

/// The script of the Redis service in `docker-compose.yml`, run with a stand-in for the entry point of the image.
@Suite struct ComposeTests {
    /// Runs the script. The stand-in starts the server on the socket `s` of the folder instead of a port.
    private func run(environment: [String: String], in folder: TemporaryFolder) throws -> ChildProcess {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let compose = try String(contentsOf: root.appendingPathComponent("docker-compose.yml"), encoding: .utf8)
        let lines = compose.components(separatedBy: "\n")
        let start = try #require(lines.firstIndex(of: "    - |"))
        let script = lines[(start + 1)...].prefix { $0.hasPrefix("      ") }.map { String($0.dropFirst(6)) }
            .joined(separator: "\n").replacingOccurrences(of: "$$", with: "$")
        let entryPoint = "#!/bin/sh\nexec \"$@\" --port 0 --unixsocket \(folder.file("s")) --dir \(folder.path)\n"
        try folder.writeProgram(entryPoint, to: "docker-entrypoint.sh")
        let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
        return try ChildProcess(
            "sh", ["-c", script], environment: environment.merging(["PATH": "\(folder.path):\(path)"]) { $1 })
    }

    @Test func `The password of docker-compose is not in the arguments of Redis, whatever its characters`() throws {
        let folder = try TemporaryFolder()
        let password = #"ver"rat\en 'x' $HOME #"#
        let socket = folder.file("s")
        let server = try run(
            environment: ["HYPERO_REDIS_PASSWORD": password, "HYPERO_REDIS_BIND": "0.0.0.0"], in: folder)
        #expect(eventually { FileManager.default.fileExists(atPath: socket) }, "\(server.stdout)\(server.stderr)")
        let arguments = try String(contentsOfFile: "/proc/\(server.pid)/cmdline", encoding: .utf8)
        #expect(!arguments.contains("rat"))
        #expect(arguments.contains("redis-server"))
        func ping(_ password: String) throws -> String {
            try ChildProcess.run("redis-cli", ["-s", socket, "ping"], environment: ["REDISCLI_AUTH": password]).stdout
        }
        #expect(try ping(password).contains("PONG"))
        #expect(try ping("other").contains("NOAUTH"))
    }

    @Test func `docker-compose keeps accounts in a file, and the password of the other clients with them`() throws {
        let folder = try TemporaryFolder()
        let (accounts, socket) = (folder.file("users.acl"), folder.file("s"))
        try Data().write(to: URL(fileURLWithPath: accounts))
        let environment = [
            "HYPERO_REDIS_PASSWORD": "ver\"rat 'x'", "HYPERO_REDIS_BIND": "0.0.0.0", "HYPERO_REDIS_ACCOUNTS": accounts,
        ]
        func cli(_ user: String, _ password: String, _ words: String...) throws -> String {
            try ChildProcess.run(
                "redis-cli", ["-s", socket, "--no-auth-warning", "--user", user, "--pass", password] + words
            ).stdout
        }
        func start() throws -> ChildProcess {
            let server = try run(environment: environment, in: folder)
            #expect(
                eventually { (try? cli("default", "", "PING"))?.isEmpty == false }, "\(server.stdout)\(server.stderr)")
            return server
        }
        var server = try start()
        #expect(try ChildProcess.run("redis-cli", ["-s", socket, "PING"]).stdout.hasPrefix("NOAUTH"))
        let password = "ver\"rat 'x'"
        #expect(try cli("default", password, "ACL", "SETUSER", "admin", "on", ">p", "~*", "&*", "+@all") == "OK\n")
        #expect(try cli("admin", "p", "ACL", "SETUSER", "default", "off") == "OK\n")
        #expect(try cli("admin", "p", "ACL", "SAVE") == "OK\n")
        server.terminate()
        #expect(server.wait() == .exited(0))
        server = try start()
        #expect(try cli("admin", "p", "PING") == "PONG\n")
        #expect(try !cli("default", password, "PING").contains("PONG"))
    }

    @Test(arguments: [("0.0.0.0", false), ("10.0.0.1", false), ("", true), ("127.0.0.1", true), ("localhost", true)])
    func `docker-compose without a password listens only on this host`(address: String, starts: Bool) throws {
        let folder = try TemporaryFolder()
        let socket = folder.file("s")
        let server = try run(environment: ["HYPERO_REDIS_BIND": address, "HYPERO_REDIS_PASSWORD": ""], in: folder)
        if starts {
            #expect(eventually { FileManager.default.fileExists(atPath: socket) }, "\(server.stdout)\(server.stderr)")
        } else {
            #expect(server.wait() == .exited(1))
            #expect(server.stderr.contains("HYPERO_REDIS_PASSWORD must be set"))
        }
    }
}
