import ArgumentParser

/// The fuzz runs: `Scripts/fuzz`.
@main
struct HyperoFuzz: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hypero-fuzz",
        abstract: "Feed mutated journals, server replies and filters to hypero.",
        discussion: """
            Each input is derived from a real one: from the journal of a killed process, from a recorded conversation \
            with Redis, or from a filter of the tests. Worker processes run the inputs. This process watches the workers. An input fails if its worker \
            crashes, works for longer than three seconds, grows by more than 64 MiB, or breaks a promise. A failing \
            input is repeated alone, and stored.

            EXIT STATUS:
              0   no input failed
              1   an input failed
              64  the command line is invalid
            """,
        subcommands: [
            JournalsCommand.self, RepliesCommand.self, FiltersCommand.self, WorkerCommand.self, OrphanCommand.self,
        ])
}

/// The options of a run.
struct RunOptions: ParsableArguments {
    @Option(help: "Seed of the mutations.") var seed: UInt64 = .random(in: 1..<1_000_000)
    @Option(help: "The number of inputs.") var count = 20_000
    @Option(help: "The number of failures after which the run ends.") var failures = 20
    @Option(help: "Run only this stored input.") var input: String?
    @Option(help: "The folder for failing inputs.") var output = "/tmp"
    @Option(help: "The number of worker processes.") var workers = 2
    @Option(help: "The longest time for one input in seconds. More for debug builds on a busy machine.")
    var maxSeconds = 3
    @Option(help: "The largest growth of a worker's memory in MiB. More for builds with a sanitizer.")
    var maxMebibytes = 64

    func validate() throws {
        guard count > 0, failures > 0, workers > 0, maxSeconds > 0, maxMebibytes > 0 else {
            throw ValidationError(
                "--count, --failures, --workers, --max-seconds and --max-mebibytes must be at least 1")
        }
    }
}

struct JournalsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "journals", abstract: "Adopt mutated journals of killed processes.")
    @OptionGroup var options: RunOptions

    func run() throws { try FuzzRun<JournalFuzzer>(options).run() }
}

struct RepliesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replies", abstract: "Answer the client, the ingest and queries with mutated replies.")
    @OptionGroup var options: RunOptions

    func run() throws { try FuzzRun<ReplyFuzzer>(options).run() }
}

struct FiltersCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "filters", abstract: "Evaluate mutated filters, 50 expressions per input.")
    @OptionGroup var options: RunOptions

    func run() throws { try FuzzRun<FilterFuzzer>(options).run() }
}
