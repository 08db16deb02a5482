import ArgumentParser
import Testing

@testable import hypero_demo

@Suite("The options")
struct OptionsTests {
    @Test("have defaults that need no Redis to be named")
    func defaults() throws {
        let command = try HyperoDemo.parse([])
        #expect(command.training.experiments == 20)
        #expect(command.training.workers == 2)
        #expect(command.training.name == "digits mlp")
        #expect(command.training.version == 1)
        #expect(command.redis.redis == nil)
        #expect(command.redis.namespace == "hypero")
        #expect(command.redis.partitions == 1)
        #expect(command.share == nil)
    }

    @Test(
        "that make no sense are refused with what to write instead",
        arguments: [
            (
                ["--experiments", "0"],
                "--experiments is 0, it must be 1 to 1000000; write for example --experiments 1."
            ),
            (["--workers", "0"], "--workers is 0, it must be 1 to 256; write for example --workers 1."),
            (["--workers", "257"], "--workers is 257, it must be 1 to 256; write for example --workers 1."),
            (["--epochs=-1"], "--epochs is -1, it must be 1 to 1000000; write for example --epochs 1."),
            (["--version=-1"], "--version is -1, it must be at least 0; write for example --version 1."),
            (["--partitions", "0"], "--partitions is 0, it must be 1 to 16384; write for example --partitions 1."),
            (
                ["--name", ""],
                "--name must have 1 to 256 bytes and no control characters, like --name \"digits mlp\"."
            ),
            (
                ["--name", "a\u{7}"],
                "--name must have 1 to 256 bytes and no control characters, like --name \"digits mlp\"."
            ),
            (
                ["--description", String(repeating: "x", count: 65_537)],
                "--description has 65537 bytes, at most 65536 are possible; shorten it."
            ),
            (
                ["--namespace", "a{b}"],
                "--namespace is \"a{b}\", it must be a word without spaces, braces and colons, like hypero."
            ),
            (
                ["--redis", ""],
                "--redis is empty; write for example --redis redis://127.0.0.1:6379, or leave it out."
            ),
            (["--share", "2"], "--share is 2, it must be 0 to 1; write for example --share 1."),
        ])
    func refused(arguments: [String], message: String) {
        #expect {
            try HyperoDemo.parse(arguments)
        } throws: { error in
            HyperoDemo.message(for: error) == message && HyperoDemo.exitCode(for: error).rawValue == 64
        }
    }

    @Test("reach a worker as they were given, the URL by the environment only")
    func passedOn() throws {
        let given = [
            "--experiments", "7", "--workers", "3", "--epochs", "9", "--seed", "18446744073709551615", "--name", "-x y",
            "--version", "4", "--description", "", "--redis", "redis://:secret@host", "--namespace", "lab",
            "--partitions", "4",
        ]
        let parent = try HyperoDemo.parse(given)
        let passed = parent.training.arguments + parent.redis.arguments
        let worker = try HyperoDemo.parse(passed + ["--share=2"])
        #expect(worker.training.arguments == parent.training.arguments)
        #expect(worker.redis.arguments == parent.redis.arguments)
        #expect(worker.share == 2)
        #expect(!passed.contains { $0.contains("secret") })
        #expect(parent.redis.environment == ["HYPERO_REDIS": "redis://:secret@host"])
    }

    @Test("are explained by the help, with examples and exit codes")
    func help() {
        let help = HyperoDemo.helpMessage(columns: 100)
        #expect(help.contains("EXAMPLES:\n  hypero-demo\n"))
        #expect(help.contains("   75  all ended, but part of the log still waits in the journal\n"))
        #expect(!help.contains("--share"))
    }
}
