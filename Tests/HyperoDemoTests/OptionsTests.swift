import ArgumentParser
import Testing

@testable import hypero_demo

@Suite struct OptionsTests {
    @Test func `Every option has a default`() throws {
        let command = try HyperoDemo.parse([])
        #expect(command.training.experiments == 20)
        #expect(command.training.workers == 2)
        #expect(command.training.name == "digits mlp")
        #expect(command.training.version == 1)
        #expect(command.redis.redis == nil)
        // Without options the client reads HYPERO_NAMESPACE and HYPERO_PARTITIONS, in the workers too.
        #expect(command.redis.namespace == nil && command.redis.partitions == nil && command.redis.arguments.isEmpty)
        #expect(command.workerIndex == nil)
    }

    @Test(
        arguments: [
            (
                ["--experiments", "0"],
                "--experiments must be between 1 and 1000000, not 0. For example, write --experiments 1."
            ),
            (["--workers", "0"], "--workers must be between 1 and 256, not 0. For example, write --workers 1."),
            (["--workers", "257"], "--workers must be between 1 and 256, not 257. For example, write --workers 1."),
            (["--epochs=-1"], "--epochs must be between 1 and 1000000, not -1. For example, write --epochs 1."),
            (
                ["--version=-1"],
                "--version must be between 0 and 9007199254740991, not -1. For example, write --version 1."
            ),
            (
                ["--version", "9007199254740992"],
                "--version must be between 0 and 9007199254740991, not 9007199254740992. For example, write --version 1."
            ),
            (
                ["--partitions", "0"],
                "--partitions must be between 1 and 16384, not 0. For example, write --partitions 1."
            ),
            (
                ["--name", ""],
                "--name must be 1 to 256 bytes without control characters. For example, write --name \"digits mlp\"."
            ),
            (
                ["--name", "a\u{7}"],
                "--name must be 1 to 256 bytes without control characters. For example, write --name \"digits mlp\"."
            ),
            (
                ["--description", String(repeating: "x", count: 65_537)],
                "--description must be at most 65536 bytes, not 65537. Shorten the text."
            ),
            (
                ["--namespace", "a{b}"],
                "--namespace must be a word without spaces, braces and colons, not \"a{b}\". For example, write "
                    + "--namespace hypero."
            ),
            (
                ["--redis", ""],
                "--redis must not be empty. For example, write --redis redis://127.0.0.1:6379, or omit the option."
            ),
            (
                ["--worker-index", "2"],
                "--worker-index must be between 0 and 1, not 2. For example, write --worker-index 1."
            ),
        ])
    func `An invalid option is rejected with a valid example`(arguments: [String], message: String) {
        #expect {
            try HyperoDemo.parse(arguments)
        } throws: { error in
            HyperoDemo.message(for: error) == message && HyperoDemo.exitCode(for: error).rawValue == 64
        }
    }

    @Test func `A worker receives all options as given and the URL only through the environment`() throws {
        let given = [
            "--experiments", "7", "--workers", "3", "--epochs", "9", "--seed", "18446744073709551615", "--name", "-x y",
            "--version", "4", "--description", "", "--redis", "redis://:secret@host", "--namespace", "lab",
            "--partitions", "4",
        ]
        let parent = try HyperoDemo.parse(given)
        let passed = parent.training.arguments + parent.redis.arguments
        let worker = try HyperoDemo.parse(passed + ["--worker-index=2"])
        #expect(worker.training.arguments == parent.training.arguments)
        #expect(worker.redis.arguments == parent.redis.arguments)
        #expect(worker.workerIndex == 2)
        #expect(!passed.contains { $0.contains("secret") })
        #expect(parent.redis.environment == ["HYPERO_REDIS": "redis://:secret@host"])
    }

    @Test
    func `The help contains examples, exit statuses and the attribution of the data, but not the internal option`() {
        let help = HyperoDemo.helpMessage(columns: 100)
        #expect(
            help.contains("EXAMPLES, with the Redis server of Scripts/demo:\n  export HYPERO_REDIS="))
        #expect(help.contains("   75  all experiments ended, but events were not sent\n"))
        #expect(help.contains("E. Alpaydin and C. Kaynak"))
        #expect(!help.contains("--worker-index"))
    }
}
