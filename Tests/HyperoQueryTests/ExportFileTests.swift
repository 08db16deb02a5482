import Foundation
import HyperoSchema
import TestSupport
import Testing

@Suite struct ExportFileTests {
    private func fixture() throws -> Fixture {
        let fixture = try Fixture()
        let battery = fixture.battery("net")
        fixture.experiment("a-1", of: battery, maxima: ["valid": "1"])
        try fixture.commit()
        return fixture
    }

    @Test func `The file of an export has the whole text, keeps its permissions, and leaves no other file behind`()
        throws
    {
        let (fixture, folder) = (try fixture(), try TemporaryFolder())
        let path = folder.file("out.csv")
        let text = try fixture.output(["export", "net"])
        #expect(try fixture.output(["export", "net", "--output", path]) == "")
        #expect(try String(contentsOfFile: path, encoding: .utf8) == text)
        #expect(chmod(path, 0o640) == 0)
        #expect(try fixture.output(["export", "net", "--output", path, "--format", "tsv"]) == "")
        #expect(try String(contentsOfFile: path, encoding: .utf8).contains("\t"))
        #expect(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int == 0o640)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["out.csv"])
    }

    @Test func `A file stays as it was if the export fails`() throws {
        let (fixture, folder) = (try fixture(), try TemporaryFolder())
        let path = folder.file("out.csv")
        try "old".write(toFile: path, atomically: false, encoding: .utf8)
        let outcome = try fixture.query("export", "net", "--output", path, "--params", "unknown")
        #expect(outcome.ending == .exited(3))
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "old")
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["out.csv"])
    }

    @Test func `A symbolic link is refused, so that the file that it points to stays as it was`() throws {
        let (fixture, folder) = (try fixture(), try TemporaryFolder())
        let path = folder.file("link.csv")
        try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: folder.file("target.csv"))
        let outcome = try fixture.query("export", "net", "--output", path)
        #expect(outcome.ending == .exited(1))
        #expect(
            outcome.stderr
                == "hypero-query: cannot write \(path): it is a symbolic link. Name the file that it points to\n")
    }

    @Test func `A full disk is an error of the export`() throws {
        let fixture = try fixture()
        let outcome = try ChildProcess.run(
            "sh", ["-c", "exec '\(ChildProcess.productsDirectory)/hypero-query' export net > /dev/full"],
            environment: ["HYPERO_REDIS": fixture.server.url, "HYPERO_NAMESPACE": fixture.namespace])
        #expect(outcome.ending == .exited(1))
        #expect(outcome.stderr == "hypero-query: cannot write to standard output: No space left on device\n")
    }

    @Test func `A reader that closes the pipe ends an export quietly`() throws {
        let fixture = try Fixture()
        let battery = fixture.battery("net")
        for number in 1...3_000 {
            fixture.experiment("a-\(number)", of: battery, meta: ["text": String(repeating: "x", count: 200)])
        }
        try fixture.commit()
        let outcome = try ChildProcess.run(
            "bash",
            ["-c", "'\(ChildProcess.productsDirectory)/hypero-query' export net | head -1; echo ${PIPESTATUS[0]}"],
            environment: ["HYPERO_REDIS": fixture.server.url, "HYPERO_NAMESPACE": fixture.namespace])
        #expect(outcome.stdout.hasSuffix(",meta.text\n0\n"))
        #expect(outcome.stderr == "")
    }

    @Test func `A hyphen and a device are written directly, and the name of a file chooses the form`() throws {
        let (fixture, folder) = (try fixture(), try TemporaryFolder())
        let text = try fixture.output(["export", "net"])
        #expect(try fixture.output(["export", "net", "--output", "-"]) == text)
        #expect(try fixture.output(["export", "net", "--output", "/dev/null"]) == "")
        for (name, start) in [
            ("a.json", "{"), ("a.tsv", "experiment\t"), ("a.md", "| experiment"), ("a.txt", "experiment,"),
        ] {
            _ = try fixture.output(["export", "net", "--output", folder.file(name)])
            #expect(try String(contentsOfFile: folder.file(name), encoding: .utf8).hasPrefix(start), "\(name)")
        }
        _ = try fixture.output(["export", "net", "--output", folder.file("b.json"), "--format", "csv"])
        #expect(try String(contentsOfFile: folder.file("b.json"), encoding: .utf8) == text)
    }

    @Test(arguments: ["export net", "rank net", "show a-1"])
    func `A closed standard output is an error`(command: String) throws {
        let fixture = try fixture()
        let outcome = try ChildProcess.run(
            "sh", ["-c", "exec '\(ChildProcess.productsDirectory)/hypero-query' \(command) >&-"],
            environment: ["HYPERO_REDIS": fixture.server.url, "HYPERO_NAMESPACE": fixture.namespace])
        #expect(outcome.ending == .exited(1))
        #expect(outcome.stderr == "hypero-query: cannot write to standard output: Bad file descriptor\n")
    }

    @Test(
        .enabled("python3 is not installed") {
            try ChildProcess.run("sh", ["-c", "command -v python3"]).succeeded
        })
    func `A pipe that another program has made non-blocking gets the whole export`() throws {
        let fixture = try Fixture()
        let battery = fixture.battery("net")
        for number in 1...2_000 {
            fixture.experiment(
                "a-\(number)", of: battery, maxima: ["valid": "1"], params: ["text": String(repeating: "x", count: 200)]
            )
        }
        try fixture.commit()
        // The reader of the pipe makes it non-blocking, and begins to read when it is full.
        let script = """
            import fcntl, os, select, sys, time
            read, write = os.pipe()
            fcntl.fcntl(write, fcntl.F_SETFL, os.O_NONBLOCK)
            child = os.posix_spawnp(sys.argv[1], sys.argv[1:], os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, write, 1)])
            while select.select([], [write], [], 0)[1]: time.sleep(0.001)
            os.close(write)
            count = 0
            while block := os.read(read, 1 << 16): count += block.count(b"\\n")
            sys.exit(0 if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0 and count == 2001 else 1)
            """
        let outcome = try ChildProcess.run(
            "python3", ["-c", script, "\(ChildProcess.productsDirectory)/hypero-query", "export", "net"],
            environment: ["HYPERO_REDIS": fixture.server.url, "HYPERO_NAMESPACE": fixture.namespace])
        #expect(outcome.succeeded, "\(outcome)")
    }
}
