import Foundation
import TestSupport
import Testing

/// `hypero-web` as a program.
@Suite struct WebCommandTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func run(_ arguments: String...) throws -> ChildProcess.Outcome {
        try ChildProcess.run("hypero-web", ["--port", "0", "--redis", "unix:///nowhere"] + arguments)
    }

    @Test func `It prints its address, serves until a signal, and ends with 0`() throws {
        let server = try RedisServer(appendOnly: false)
        let web = try ChildProcess("hypero-web", ["--port", "0", "--redis", server.url])
        #expect(eventually { web.stdout.hasSuffix("/\n") }, "\(web.stderr)")
        let address = web.stdout.dropLast()
        #expect(address.hasPrefix("http://127.0.0.1:"))
        let page = try ChildProcess.run("curl", ["-s", "\(address)healthz"])
        #expect(page.stdout == "ok\n")
        web.terminate()
        #expect(web.wait() == .exited(0))
        #expect(web.stderr.isEmpty)
    }

    @Test func `A token file is created for its owner only, and its secret is in the address`() throws {
        let file = folder.file("token")
        let web = try ChildProcess(
            "hypero-web", ["--port", "0", "--host", "0.0.0.0", "--token", file, "--redis", "unix:///nowhere"])
        #expect(eventually { web.stdout.hasSuffix("\n") }, "\(web.stderr)")
        let token = try String(contentsOfFile: file, encoding: .utf8).dropLast()
        #expect(token.count == 32 && web.stdout.hasSuffix("/?token=\(token)\n") && web.stdout.contains("//localhost:"))
        let mode = try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? Int
        #expect(mode == 0o600)
        let address = String(web.stdout.dropLast().prefix { $0 != "?" })
        let refused = try ChildProcess.run("curl", ["-s", "-o", "/dev/null", "-w", "%{http_code}", address])
        #expect(refused.stdout == "401")
        let opened = try ChildProcess.run(
            "curl",
            [
                "-sL", "-c", folder.file("jar"), "-o", "/dev/null", "-w", "%{http_code} %{url_effective}",
                "\(address)?token=\(token)",
            ])
        // The list needs Redis, which is not there.
        #expect(opened.stdout == "503 \(address)")
        web.terminate()
        #expect(web.wait() == .exited(0))
    }

    @Test func `Mistakes are one line that says what to do`() throws {
        let file = folder.file("token")
        try Data("short\n".utf8).write(to: URL(fileURLWithPath: file))
        for (arguments, status, message) in [
            (["--host", "0.0.0.0"], 64, "Add --token FILE"),
            (["--token", file, "--no-token"], 64, "choose --token or"),
            (["--token", file], 1, "other users can read"),
            (["--host", "nowhere.invalid", "--no-token"], 1, "cannot listen"),
            (["--token", folder.file("no/such")], 1, "cannot read"),
            (["--redis", "http://x"], 64, "the Redis URL must start"),
            (["--port", "65536"], 64, "--port must be between"), (["--token", folder.path], 1, "is no file"),
            (["--host-name", "http://x.org/"], 64, "--host-name must be a name"),
            (["--host-name", "x.org:80"], 64, "without scheme and port"), (["extra"], 64, "nexpected argument"),
        ] {
            let outcome = try ChildProcess.run("hypero-web", ["--port", "0", "--redis", "unix:///nowhere"] + arguments)
            #expect(outcome.ending == .exited(Int32(status)), "\(arguments): \(outcome)")
            #expect(outcome.stderr.hasPrefix("hypero-web: ") && outcome.stderr.contains(message), "\(outcome.stderr)")
        }
        #expect(chmod(file, 0o600) == 0)
        #expect(try run("--token", file).stderr.contains("must have 16 to 256 letters"))
    }

    @Test func `An account that may only read is enough`() throws {
        let server = try RedisServer(appendOnly: false)
        let password = folder.file("password")
        try Data("acht Worte\n".utf8).write(to: URL(fileURLWithPath: password))
        let line = try ChildProcess.run(
            "hypero-ingest", ["acl", "--role", "query", "--password-file", password, "--redis", server.url])
        let words = line.stdout.split(whereSeparator: \.isWhitespace).map(String.init)
        #expect(server.cli(words) == "OK")
        let demo = try ChildProcess.run(
            "hypero-demo", ["--experiments", "1", "--workers", "1", "--epochs", "2", "--redis", server.url])
        #expect(demo.succeeded, "\(demo.stderr)")
        #expect(try ChildProcess.run("hypero-ingest", ["--drain", "--redis", server.url]).succeeded)
        #expect(server.cli("ACL", "LOG", "RESET") == "OK")
        let web = try ChildProcess(
            "hypero-web", ["--port", "0", "--redis", server.url.replacing("unix://", with: "unix://\(words[2])@")],
            environment: ["HYPERO_REDIS_PASSWORD_FILE": password])
        #expect(eventually { web.stdout.hasSuffix("/\n") }, "\(web.stderr)")
        let address = String(web.stdout.dropLast())
        for path in ["", "battery?name=digits%20mlp", "metrics", "healthz"] {
            let page = try ChildProcess.run("curl", ["-sf", address + path])
            #expect(page.succeeded && !page.stdout.isEmpty, "\(path): \(page)")
        }
        let events = try ChildProcess.run(
            "curl", ["-sN", "--max-time", "2", address + "events?name=digits%20mlp&after=x-1"])
        #expect(events.stdout.contains("event: reload"), "\(events.stdout)")
        #expect(server.cli("ACL", "LOG", "1") == "", "\(server.cli("ACL", "LOG", "1"))")
    }

    @Test func `Questions about batteries that do not exist take no descriptors and no places of viewers`() throws {
        let server = try RedisServer(appendOnly: false)
        let web = try ChildProcess("hypero-web", ["--port", "0", "--redis", server.url])
        #expect(eventually { web.stdout.hasSuffix("/\n") }, "\(web.stderr)")
        let address = String(web.stdout.dropLast())
        func descriptors() -> Int {
            (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(web.pid)/fd").count) ?? 0
        }
        func ask(_ path: String, _ count: Int) throws {
            let urls = (1...count).map { "\(address)\(path)?name=b\($0)" }
            let answers = try ChildProcess.run("curl", ["-s", "-w", "%{http_code}\n", "-o", "/dev/null"] + urls)
            let codes = answers.stdout.split(separator: "\n").suffix(1)
            #expect(codes == ["404"], "\(answers)")
        }
        try ask("events", 10)
        let before = descriptors()
        try ask("events", 100)
        try ask("battery", 100)
        #expect(eventually { descriptors() <= before + 8 }, "\(before) and \(descriptors())")
    }
}
